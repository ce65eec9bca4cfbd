import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { quoteName } from '../../sqlite/sqlText.js';
import {
  NO_STACK,
  NameTable,
  RECORDED_FORMATS,
  TraceOpenError,
  throwIfCancelled,
  type CollectiveColumns,
  type CounterTrack,
  type Frame,
  type GpuColumns,
  type HostColumns,
  type KernelShape,
  type KeptLabels,
  type Lane,
  type LaunchColumns,
  type LayerLabels,
  type RangeColumns,
  type Rank,
  type RecordedTime,
  type Trace,
  type TraceReport,
  type Warning,
} from '../../trace/index.js';
import { damageOf } from '../eventRows.js';
import { printable } from '../printable.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { readOr, textValue } from '../sqlValues.js';
import { UNKNOWN_BASIS, basisOf } from './basis.js';
import { columnNames, parsedJson, recordOf, type RecordTable } from './codecs.js';
import {
  placesOf,
  readEventTable,
  resolved,
  type EventRows,
  type Places,
  type PlacesByTable,
} from './eventTable.js';
import {
  CODE_TABLES,
  COMMUNICATION_COLUMNS,
  COMMUNICATION_TABLE,
  COUNTED,
  COUNTER,
  FACT,
  FILE,
  FORMAT_VERSION,
  FRAME_TABLE,
  GPU_EVENTS,
  HOST_EVENTS,
  LABELS,
  LANE,
  LAUNCH_EVENTS,
  MARKER,
  MISSING,
  RANGE_EVENTS,
  RANK,
  RULE,
  SAMPLE_COLUMNS,
  SAMPLE_TABLE,
  SHAPE,
  SKIPPED,
  STACK,
  STEP,
  WARNING,
  type CodeTable,
  type EventColumn,
  type MetaKey,
  type RankRow,
} from './schema.js';

/** Without these a file is no import. */
const NEEDED = ['meta', 'name', 'rank', 'lane', 'gpu', 'launch', 'range', 'host'];
const MOST_RULES = 0xffff;
const MOST_CHARACTERS = 1200;
const I64 = /^-?\d{1,25}$/;

/**
 * Reads an import into the trace that was imported, with the labels it was given.
 *
 * @param found what is already known about the file
 * @throws TraceOpenError 'unsupported' for one a newer version wrote, 'damaged' where tables are missing
 */
export async function readImport(
  engine: SqlEngine,
  source: TraceSource,
  options: ReadOptions,
  found: readonly Warning[],
): Promise<Trace> {
  refuseOthers(engine, source);
  return new ImportReading(engine, source, options, [...found]).trace();
}

/** @throws TraceOpenError */
function refuseOthers(engine: SqlEngine, source: TraceSource): void {
  const version = Number(engine.query('PRAGMA user_version').rows[0]?.[0]);
  if (version > FORMAT_VERSION) {
    throw new TraceOpenError(
      'unsupported',
      `${printable(source.name)} was imported by a newer Layerscope (file version ${version}; this one reads ${FORMAT_VERSION}). Update Layerscope, or import the original trace again.`,
    );
  }
  const tables = new Set(
    engine.tables().flatMap(({ name, type }) => (type === 'table' ? [name] : [])),
  );
  const missing = NEEDED.filter((table) => !tables.has(table));
  if (missing.length > 0) {
    throw new TraceOpenError(
      'damaged',
      `${printable(source.name)} says it is a Layerscope import, but lacks ${missing.join(', ')}. Import the original trace again.`,
      'a damaged Layerscope import',
    );
  }
}

function launchColumns(rows: EventRows): LaunchColumns {
  const columns = pick(rows, LAUNCH_EVENTS) as unknown as Required<LaunchColumns>;
  const { correlation, ...always } = columns;
  return {
    ...always,
    ...rows.timed,
    ...(correlation.some((id) => !Number.isNaN(id)) && { correlation }),
  };
}

function rankOf(row: RankRow): Rank {
  const { rank, worldSize, label, path, device } = row;
  return {
    ...{ rank, worldSize, label, path, device },
    ...(row.clockNote !== '' && {
      clock: {
        against: row.clockAgainst,
        skewNs: row.clockSkewNs,
        spreadNs: row.clockSpreadNs,
        matches: row.clockMatches ?? 0,
        shiftNs: row.clockShiftNs,
        note: row.clockNote,
      },
    }),
  };
}

function gpuColumns(rows: EventRows): GpuColumns {
  const columns = pick(rows, GPU_EVENTS) as unknown as Required<GpuColumns>;
  const { captured, ...always } = columns;
  return {
    ...always,
    ...rows.timed,
    ...(captured.some((call) => call >= 0) && { captured }),
  };
}

/** One reading of an import. */
class ImportReading {
  private readonly meta = new Map<string, SqlValue>();
  private readonly tables: ReadonlySet<string>;
  private badValues = 0;

  constructor(
    private readonly engine: SqlEngine,
    private readonly source: TraceSource,
    private readonly options: ReadOptions,
    private readonly warnings: Warning[],
  ) {
    this.tables = new Set(
      engine.tables().flatMap(({ name, type }) => (type === 'table' ? [name] : [])),
    );
    this.rows('meta', ['key', 'value'], ([key, value]) => this.meta.set(textValue(key), value));
  }

  async trace(): Promise<Trace> {
    const format = RECORDED_FORMATS.find((id) => id === this.metaOf('format'));
    if (format === undefined) {
      throw new TraceOpenError(
        'unsupported',
        `${printable(this.source.name)} was imported from a format that is not known here (${printable(textValue(this.metaOf('format')), 40)}).`,
      );
    }
    const { names, texts, places: namePlaces } = this.names();
    const ranks = this.ranks();
    const lanes = this.lanes(ranks.list.length);
    const stacks = this.stacks(texts);
    const shapes = this.records(SHAPE);
    const steps = this.records(STEP);
    const stepList = steps.list.map((step) => ({ ...step, rank: this.within(step.rank, ranks) }));
    const rules = this.rules();
    const refers: PlacesByTable = {
      name: namePlaces,
      lane: lanes.places,
      kernel_shape: shapes.places,
      stack: stacks.places,
      call_stack: stacks.places,
      rule: rules.places,
      step: steps.places,
      ...this.codes(),
    };
    const span = this.number('span_ns');
    const spanNs = span !== undefined && span >= 0 ? span : Number.MAX_SAFE_INTEGER;

    const table = <T>(name: string, columns: readonly EventColumn<T>[], more: PlacesByTable = {}) =>
      readEventTable(
        this.engine,
        {
          table: name,
          columns: columns as unknown as readonly EventColumn<never>[],
          names: namePlaces,
          lanes: lanes.places,
          refers: { ...refers, ...more },
          spanNs,
        },
        this.options,
      );
    const rangeRows = await table('range', RANGE_EVENTS);
    const measured = this.metaOf('time_kind') === 'host_api' ? 'launch' : 'gpu';
    const labelled = LABELS as unknown as readonly EventColumn<never>[];
    const launchRows = await table<never>(
      'launch',
      [
        ...(LAUNCH_EVENTS as unknown as readonly EventColumn<never>[]),
        ...(measured === 'launch' ? labelled : []),
      ],
      { range: rangeRows.places },
    );
    const gpuRows = await table<never>(
      'gpu',
      [
        ...(GPU_EVENTS as unknown as readonly EventColumn<never>[]),
        ...(measured === 'gpu' ? labelled : []),
      ],
      { launch: launchRows.places },
    );
    const hostRows = await table('host', HOST_EVENTS);
    throwIfCancelled(this.options.signal);

    const events = [rangeRows, launchRows, gpuRows, hostRows];
    const ranges = this.rangeColumns(rangeRows);
    const counters = this.counters(ranks.list.length);
    const measuredRows = measured === 'gpu' ? gpuRows : launchRows;
    // Labels of a table that is no longer what is measured are labels of nothing.
    const isMeasured =
      (gpuRows.timed.count > 0 || launchRows.timed.count === 0 ? 'gpu' : 'launch') === measured;
    const kept: KeptLabels | undefined = isMeasured
      ? {
          labels: { ...labelColumns(measuredRows), rules: rules.list, steps: stepList },
          basis: this.basis(),
          sources: this.records(FILE).list,
        }
      : undefined;
    return {
      files: [{ path: this.source.path, name: this.source.name, bytes: this.source.size }],
      format,
      formatLabel: textValue(this.metaOf('format_label')),
      clock: {
        originNs: this.integer('origin_ns'),
        epoch: this.metaOf('epoch') === 'unix' ? 'unix' : 'session',
        fileBaseNs: this.integer('file_base_ns'),
      },
      spanNs: span !== undefined && span >= 0 ? span : lastEnd(events),
      ...this.recorded(),
      names,
      ranks: this.withTimes(ranks.list),
      lanes: lanes.list,
      gpu: gpuColumns(gpuRows),
      ...this.collectives(gpuRows.places, namePlaces),
      launches: launchColumns(launchRows),
      ranges,
      host: hostColumns(hostRows),
      kernelShapes: shapes.list.map((shape): KernelShape => ({
        grid: [shape.grid_x, shape.grid_y, shape.grid_z],
        block: [shape.block_x, shape.block_y, shape.block_z],
      })),
      stacks: stacks.table,
      counters: counters.tracks,
      markers: this.records(MARKER).list,
      report: this.report(events, counters.samples, kept),
      ...(kept === undefined ? {} : { kept }),
    };
  }

  /**
   * What was said of collectives. Rows that point at no GPU event, or come before their order, are left out
   * and counted as values that point nowhere.
   */
  private collectives(gpu: Places, names: Places): Pick<Trace, 'collectives'> {
    if (this.revision < 2) {
      return {};
    }
    const found: (readonly [number, number, number, number])[] = [];
    const elements = (value: SqlValue): number =>
      typeof value === 'number' && value >= 0 && value < Infinity ? value : NaN;
    this.rows(COMMUNICATION_TABLE, COMMUNICATION_COLUMNS, ([event, group, sent, received]) => {
      const row = gpu.of(Number(event ?? -1));
      const name = group === null ? 0 : names.of(Number(group));
      const isSound = row > (found.at(-1)?.[0] ?? -1);
      this.badValues += (isSound ? 0 : 1) + (name < 0 ? 1 : 0);
      if (isSound) {
        found.push([row, Math.max(0, name), elements(sent), elements(received)]);
      }
    });
    if (found.length === 0) {
      return {};
    }
    const collectives: CollectiveColumns = {
      count: found.length,
      gpu: Uint32Array.from(found, ([row]) => row),
      group: Uint32Array.from(found, ([, group]) => group),
      sent: Float64Array.from(found, ([, , sent]) => sent),
      received: Float64Array.from(found, ([, , , received]) => received),
    };
    return { collectives };
  }

  private get revision(): number {
    return this.count('format_revision') ?? 1;
  }

  /** When the recorder ran, where it paused. */
  private recorded(): Pick<Trace, 'recorded'> {
    const recorded = this.times('recorded');
    return recorded.length === 0 ? {} : { recorded };
  }

  /** Ranks and when each was recorded, where the run was recorded several times. */
  private withTimes(ranks: readonly Rank[]): readonly Rank[] {
    const times = this.times('ranks_recorded');
    return times.length === ranks.length
      ? ranks.map((rank, i) => ({ ...rank, recorded: times[i] }))
      : ranks;
  }

  /** Starts and ends in turn. */
  private times(key: MetaKey): readonly RecordedTime[] {
    const times = parsedJson(this.metaOf(key));
    if (!Array.isArray(times) || !times.every((time) => Number.isFinite(time))) {
      return [];
    }
    const numbers = times as readonly number[];
    return numbers.flatMap((start, i) =>
      i % 2 === 0 && start <= numbers[i + 1] ? { start, end: numbers[i + 1] } : [],
    );
  }

  private metaOf(key: MetaKey): SqlValue {
    return this.meta.get(key) ?? null;
  }

  private number(key: MetaKey): number | undefined {
    const value = this.metaOf(key);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  private count(key: MetaKey): number | undefined {
    const value = this.number(key);
    return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  }

  /** A 64-bit integer, or one beyond as decimal text. */
  private integer(key: MetaKey): bigint {
    const text = textValue(this.metaOf(key));
    return I64.test(text) ? BigInt(text) : 0n;
  }

  /** Rows of a table that surrounds the events; what damage hides of it is told. */
  private rows(
    table: string,
    columns: readonly string[],
    onRow: (cells: readonly SqlValue[]) => void,
  ): void {
    if (table !== 'meta' && !this.tables.has(table)) {
      this.warn('damaged', `The table ${table} is missing.`);
      return;
    }
    const tell = (damage: string): void =>
      this.warn(
        'damaged',
        `The table ${table} is damaged, and part of it is missing here (${damage}).`,
      );
    const own = readOr(() => new Set(this.engine.columnsOf(table)), new Set<string>(), tell);
    const select = columns.map((name) => (own.has(name) ? quoteName(name) : 'NULL')).join(', ');
    readOr(
      () =>
        this.engine.each(`SELECT ${select} FROM main.${quoteName(table)} ORDER BY rowid`, onRow),
      undefined,
      tell,
    );
  }

  private records<T>(table: RecordTable<T>): { readonly list: T[]; readonly places: Places } {
    const list: T[] = [];
    const ids: number[] = [];
    this.rows(table.table, ['id', ...columnNames(table)], ([id, ...cells]) => {
      ids.push(Number(id));
      list.push(recordOf(table, cells));
    });
    return { list, places: placesOf(ids, ids.length) };
  }

  /** Strings of the trace, and all strings of the file by id, those of frames among them. */
  private names(): {
    readonly names: NameTable;
    readonly texts: ReadonlyMap<number, string>;
    readonly places: Places;
  } {
    const ofTrace = this.count('trace_names') ?? Infinity;
    const names = new NameTable();
    const texts = new Map<number, string>();
    const places = new Map<number, number>([[0, 0]]);
    let isPlain = true;
    // A text with a NUL in it lies there as bytes: SQLite's own functions would end it there.
    const decoder = new TextDecoder();
    this.rows('name', ['id', 'text'], ([rawId, rawText]) => {
      const id = Number(rawId);
      const text = rawText instanceof Uint8Array ? decoder.decode(rawText) : textValue(rawText);
      texts.set(id, text);
      if (id < ofTrace) {
        const place = names.intern(text);
        places.set(id, place);
        isPlain &&= place === id;
      }
    });
    const { size } = names;
    return {
      names,
      texts,
      places: isPlain
        ? { count: size, of: (id) => (id >= 0 && id < size && Number.isInteger(id) ? id : -1) }
        : { count: size, of: (id) => places.get(id) ?? -1 },
    };
  }

  private ranks(): { readonly list: readonly Rank[]; readonly places: Places } {
    const { list: rows, places } = this.records(RANK);
    const list = rows.map(rankOf);
    if (list.length > 0) {
      return { list, places };
    }
    const only: Rank = { rank: -1, worldSize: -1, label: this.source.name, path: '', device: '' };
    return { list: [only], places: placesOf([0], 1) };
  }

  private lanes(ranks: number): { readonly list: readonly Lane[]; readonly places: Places } {
    const { list, places } = this.records(LANE);
    return {
      list: list.map((lane) => ({ ...lane, rank: lane.rank < ranks ? lane.rank : 0 })),
      places,
    };
  }

  private within(rank: number, ranks: { readonly list: readonly unknown[] }): number {
    return rank < ranks.list.length ? rank : 0;
  }

  private stacks(texts: ReadonlyMap<number, string>): {
    readonly table: Trace['stacks'];
    readonly places: Places;
  } {
    const text = (id: number): string => texts.get(id) ?? '';
    const frames = this.records(FRAME_TABLE);
    const stacks = this.records(STACK);
    return {
      table: {
        frames: frames.list.map((frame): Frame => ({
          file: text(frame.file),
          line: frame.line,
          function: text(frame.function),
          library: text(frame.library),
        })),
        stacks: stacks.list.map((stack) => {
          const places = stack.frames.map((id) => frames.places.of(id));
          this.badValues += places.filter((place) => place < 0).length;
          return Uint32Array.from(places.filter((place) => place >= 0));
        }),
      },
      places: stacks.places,
    };
  }

  /** Descriptions of rules; the first is '', for none. */
  private rules(): { readonly list: readonly string[]; readonly places: Places } {
    const list = [''];
    const places = new Map<number, number>([[0, 0]]);
    this.rows('rule', ['id', ...columnNames(RULE)], ([id, text]) => {
      if (Number(id) > 0 && list.length < MOST_RULES) {
        places.set(Number(id), list.push(textValue(text)) - 1);
      }
    });
    return { list, places: { count: list.length, of: (id) => places.get(id) ?? -1 } };
  }

  /** Codes of this version for those of the file, by their words. */
  private codes(): Readonly<Record<CodeTable, Places>> {
    const entries = (Object.keys(CODE_TABLES) as CodeTable[]).map((table) => {
      const codes = new Map<number, number>();
      this.rows(table, ['id', 'key'], ([id, key]) => {
        const code = CODE_TABLES[table].findIndex((word) => word.key === key);
        if (code >= 0) {
          codes.set(Number(id), code);
        }
      });
      const places: Places = { count: codes.size, of: (id) => codes.get(id) ?? -1 };
      return [table, places] as const;
    });
    return Object.fromEntries(entries) as Record<CodeTable, Places>;
  }

  private rangeColumns(rows: EventRows): RangeColumns {
    const columns = pick(rows, RANGE_EVENTS) as unknown as Required<Omit<RangeColumns, 'count'>>;
    const parent = resolved(columns.parent, rows.places);
    const forward = resolved(columns.forward, rows.places);
    this.badValues += parent.badValues + forward.badValues + openCircles(parent.column);
    const { hierarchy, kind } = columns;
    return {
      ...rows.timed,
      kind,
      parent: parent.column,
      ...(forward.column.some((range) => range >= 0) && { forward: forward.column }),
      ...(hierarchy.some((name) => name > 0) && { hierarchy }),
    };
  }

  private counters(ranks: number): {
    readonly tracks: readonly CounterTrack[];
    readonly samples: { readonly read: number; readonly lost: number };
  } {
    const { list, places } = this.records(COUNTER);
    const times: number[][] = list.map(() => []);
    const values: number[][] = list.map(() => []);
    let seen = 0;
    let read = 0;
    if (list.length > 0) {
      const select = SAMPLE_COLUMNS.map(quoteName).join(', ');
      try {
        this.engine.eachNumeric(
          `SELECT ${select} FROM main.${SAMPLE_TABLE} ORDER BY rowid`,
          (row) => {
            seen++;
            const track = places.of(row[0]);
            const time = track < 0 ? NaN : row[1];
            const inOrder = time >= (times[track]?.at(-1) ?? -Infinity);
            if (inOrder && Number.isFinite(time) && Number.isFinite(row[2])) {
              times[track].push(time);
              values[track].push(row[2]);
              read++;
            }
          },
        );
      } catch (error) {
        this.warn('damaged', `Samples of counters are missing here (${damageOf(error)}).`);
      }
    }
    // None is written without samples: these are lost.
    const empty = times.filter((track) => track.length === 0).length;
    if (empty > 0) {
      this.warn('damaged', `Counters without a sample that can be read are left out (${empty}).`);
    }
    return {
      tracks: list.flatMap((track, i): CounterTrack | [] =>
        times[i].length === 0
          ? []
          : {
              ...track,
              rank: track.rank < ranks ? track.rank : 0,
              time: Float64Array.from(times[i]),
              value: Float64Array.from(values[i]),
            },
      ),
      samples: { read, lost: seen - read },
    };
  }

  private basis() {
    const basis = basisOf(parsedJson(this.metaOf('attribution')));
    if (basis === undefined) {
      this.warn('damaged', 'What the layers were told by when the trace was imported is unknown.');
    }
    return basis ?? UNKNOWN_BASIS;
  }

  private report(
    events: readonly EventRows[],
    samples: { readonly read: number; readonly lost: number },
    kept: KeptLabels | undefined,
  ): TraceReport {
    const read = events.reduce((sum, { timed }) => sum + timed.count, 0);
    const counted = events.reduce((sum, { lost }) => sum + lost, 0);
    const stated = this.count('rows_read') ?? read;
    const lost = Math.max(counted, stated - read, 0);
    const skipped = this.records(SKIPPED).list.filter(({ rows }) => rows > 0);
    if (lost > 0) {
      skipped.push({ reason: 'rows of the import that cannot be read', rows: lost });
      this.warn('damaged-rows', `${lost} event rows of the import cannot be read.`, lost);
    }
    for (const damage of new Set(events.flatMap((rows) => rows.damage ?? []))) {
      this.warn('damaged', `The database is damaged (${damage}). Import the original trace again.`);
    }
    const bad = this.badValues + events.reduce((sum, rows) => sum + rows.badValues, 0);
    if (bad > 0) {
      this.warn(
        'dangling-values',
        `${bad} values of the import point at rows that are not there, or are none; they read as unknown.`,
        bad,
      );
    }
    // Other rows than the import states would no longer add up.
    const sum = skipped.reduce((total, { rows }) => total + rows, read);
    const isExact = Number.isSafeInteger(sum);
    const byName = this.records(COUNTED).list;
    const stored = this.records(WARNING).list;
    const missing = this.records(MISSING).list.map(({ what }) => what);
    if (
      this.revision < 2 &&
      events.some(({ columns }) => columns.collective?.some((id) => id > 0))
    ) {
      missing.push(
        'process groups of collectives (imports kept none then; import the trace again)',
      );
    }
    const facts = [...this.records(FACT).list, ...this.origin(kept)];
    const inFile = this.count('samples_in_file');
    return {
      rowsInFile: isExact ? sum : read + lost,
      rowsRead: read,
      rowsCounted: this.count('rows_counted') ?? null,
      ...(byName.length > 0 && { countedByName: byName }),
      ...((inFile !== undefined || samples.read > 0) && {
        samples: { inFile: Math.max(inFile ?? 0, samples.read + samples.lost), read: samples.read },
      }),
      skipped: isExact ? skipped : skipped.slice(-1).filter(() => lost > 0),
      warnings: [
        ...this.warnings,
        ...stored.map((warning) => ({ ...warning, message: sentence(warning.message) })),
      ],
      missing,
      facts,
    };
  }

  /** Where the import came from, for people. */
  private origin(kept: KeptLabels | undefined): TraceReport['facts'] {
    const names = kept?.sources.map(({ name }) => name).join(', ') ?? '';
    const by = textValue(this.metaOf('written_by'));
    const value = [names, by === '' ? '' : `by ${by}`].filter((part) => part !== '').join(' ');
    return value === '' ? [] : [{ name: IMPORTED_FROM, value }];
  }

  private warn(code: string, message: string, rows = 0): void {
    this.warnings.push({ code, message, rows });
  }
}

/** Name of the fact a reader adds about an import; it is not part of the trace that was imported. */
export const IMPORTED_FROM = 'Imported from';

/** A sentence of the file: it may be anyone's. */
function sentence(text: string): string {
  if (text.trim() === '') {
    return 'A warning of the import cannot be read.';
  }
  return printable(text, MOST_CHARACTERS).slice(0, 2 * MOST_CHARACTERS);
}

function pick<T>(
  rows: EventRows,
  columns: readonly EventColumn<T>[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(columns.map(({ key }) => [key, rows.columns[key]]));
}

function hostColumns(rows: EventRows): HostColumns {
  const { kind, stack } = pick(rows, HOST_EVENTS) as unknown as Required<HostColumns>;
  const has = stack.some((id) => id !== NO_STACK);
  return { ...rows.timed, kind, ...(has && { stack }) };
}

function labelColumns(rows: EventRows): Omit<LayerLabels, 'rules' | 'steps'> {
  return pick(rows, LABELS) as unknown as Omit<LayerLabels, 'rules' | 'steps'>;
}

function lastEnd(events: readonly EventRows[]): number {
  let last = 0;
  for (const { timed } of events) {
    for (let i = 0; i < timed.count; i++) {
      last = Math.max(last, timed.start[i] + timed.duration[i]);
    }
  }
  return last;
}

/** Ranges within themselves lie in nothing from then on. @returns how many */
function openCircles(parent: Int32Array): number {
  const DONE = -1;
  const seenBy = new Int32Array(parent.length);
  let opened = 0;
  for (let first = 0; first < parent.length; first++) {
    let at = first;
    while (at >= 0 && seenBy[at] === 0) {
      seenBy[at] = first + 1;
      const next = parent[at];
      if (next >= 0 && seenBy[next] === first + 1) {
        parent[at] = -1;
        opened++;
        break;
      }
      at = next;
    }
    for (at = first; at >= 0 && seenBy[at] === first + 1; at = parent[at]) {
      seenBy[at] = DONE;
    }
  }
  return opened;
}
