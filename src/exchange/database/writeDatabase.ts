import { columnDefinitions, rowOf, type RecordTable } from '../../formats/layerscope/codecs.js';
import { IMPORTED_FROM } from '../../formats/layerscope/readImport.js';
import {
  APPLICATION_ID,
  COMMUNICATION_COLUMNS,
  COMMUNICATION_TABLE,
  CODE_TABLES,
  COUNTED,
  COUNTER,
  FACT,
  FILE,
  FORMAT_REVISION,
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
  TIMED_COLUMNS,
  WARNING,
  type EventColumn,
  type MetaKey,
} from '../../formats/layerscope/schema.js';
import type { SqlDatabase, SqlValue } from '../../sqlite/engine.js';
import {
  timeKindOf,
  type AttributionBasis,
  type LayerLabels,
  type TimedColumns,
  type Trace,
  type Warning,
} from '../../trace/index.js';
import type { ExportPart, ExportParts } from '../exportRequest.js';
import { basisWithoutFolders, withoutFolders } from '../withoutFolders.js';
import { viewStatements } from './databaseViews.js';

/** Rows inserted between two words about progress. */
const ROWS_A_SLICE = 50_000;
const PART_BYTES = 4 << 20;

/** A trace with the labels it is shown with, and what these rest on. */
export interface LabelledExport {
  readonly trace: Trace;
  readonly labels: LayerLabels;
  readonly basis: AttributionBasis;
}

/**
 * Writes a trace with its labels as one database: docs/import.md has its tables. The same trace gives the
 * same bytes.
 *
 * @param database a new one; closed at the end, whatever happens
 * @param writtenBy "layerscope 0.1.0"
 */
export function* databaseParts(
  { trace, labels, basis }: LabelledExport,
  database: SqlDatabase,
  writtenBy: string,
): ExportParts {
  const writing = new DatabaseWriting(trace, labels, basis, database);
  let bytes: Uint8Array;
  try {
    yield* writing.tables(writtenBy);
    yield { stage: 'Packing the database', fraction: 0.95 };
    bytes = database.bytes();
  } finally {
    database.close();
  }
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    // A copy of its own: parts are moved to whoever writes them.
    const part = bytes.slice(at, at + PART_BYTES);
    yield {
      bytes: part,
      stage: 'Writing the database',
      fraction: 0.95 + (0.05 * at) / bytes.length,
    };
  }
  return { rows: writing.rows, notes: [] };
}

/** What an import does not hold of its run; nobody could tell it from the file. */
function partOfRun({ run = [] }: Trace): Warning[] {
  const loaded = run.filter((file) => file.loaded).length;
  return loaded === run.length
    ? []
    : [
        {
          code: 'part-of-run',
          message: `${loaded} of the ${run.length} ranks of the run were imported: every figure is of these.`,
          rows: 0,
        },
      ];
}

class DatabaseWriting {
  readonly rows: { what: string; rows: number }[] = [];
  private written = 0;
  private readonly total: number;
  private readonly shorten: (text: string) => string;

  constructor(
    private readonly trace: Trace,
    private readonly labels: LayerLabels,
    private readonly basis: AttributionBasis,
    private readonly database: SqlDatabase,
  ) {
    const { gpu, launches, ranges, host } = trace;
    this.total = gpu.count + launches.count + ranges.count + host.count;
    this.shorten = withoutFolders(trace, basis);
  }

  *tables(writtenBy: string): Generator<ExportPart, void, undefined> {
    const { database, trace, labels, shorten } = this;
    database.run('PRAGMA journal_mode = OFF');
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.run(`PRAGMA user_version = ${FORMAT_VERSION}`);
    yield { stage: 'Writing names', fraction: 0 };
    const texts = new FrameTexts(trace);
    const frames = trace.stacks.frames.map((frame) => ({
      file: texts.id(frame.file),
      line: frame.line,
      function: texts.id(frame.function),
      library: texts.id(frame.library),
    }));
    this.meta(writtenBy);
    const names = texts.all;
    this.plain('name', ['id INTEGER PRIMARY KEY', 'text TEXT'], names.length, (i) => [
      i,
      textCell(names[i]),
    ]);
    for (const [table, words] of Object.entries(CODE_TABLES)) {
      const columns = ['id INTEGER PRIMARY KEY', 'key TEXT', 'label TEXT'];
      this.plain(table, columns, words.length, (i) => [i, words[i].key, words[i].label]);
    }
    this.records(
      FILE,
      trace.kept?.sources ?? trace.files.map(({ path, bytes }) => ({ name: shorten(path), bytes })),
    );
    this.records(
      RANK,
      trace.ranks.map((rank) => ({
        ...rank,
        path: shorten(rank.path),
        label: shorten(rank.label),
        clockAgainst: rank.clock?.against ?? '',
        clockSkewNs: rank.clock?.skewNs ?? null,
        clockSpreadNs: rank.clock?.spreadNs ?? null,
        clockMatches: rank.clock?.matches ?? null,
        clockShiftNs: rank.clock?.shiftNs ?? 0,
        clockNote: rank.clock?.note ?? '',
      })),
    );
    this.records(LANE, trace.lanes);
    this.records(STEP, labels.steps);
    this.records(
      RULE,
      labels.rules.map((text) => ({ text })),
    );
    this.records(
      SHAPE,
      trace.kernelShapes.map(({ grid, block }) => ({
        grid_x: grid[0],
        grid_y: grid[1],
        grid_z: grid[2],
        block_x: block[0],
        block_y: block[1],
        block_z: block[2],
      })),
    );
    this.records(FRAME_TABLE, frames);
    this.records(
      STACK,
      trace.stacks.stacks.map((stack) => ({ frames: [...stack] })),
    );
    this.reportTables();

    const measured = timeKindOf(trace) === 'gpu' ? 'gpu' : 'launch';
    const { gpu, launches, ranges, host } = trace;
    yield* this.events('gpu', 'GPU events', gpu, GPU_EVENTS, measured === 'gpu' ? labels : null);
    yield* this.events(
      'launch',
      'API calls',
      launches,
      LAUNCH_EVENTS,
      measured === 'launch' ? labels : undefined,
    );
    yield* this.events('range', 'ranges', ranges, RANGE_EVENTS);
    yield* this.events('host', 'host events', host, HOST_EVENTS);
    this.communication();
    this.counters();
    viewStatements(measured).forEach((sql) => database.run(sql));
  }

  private meta(writtenBy: string): void {
    const { trace, basis, shorten } = this;
    const { clock, report } = trace;
    const values: Readonly<Record<MetaKey, SqlValue>> = {
      format_version: FORMAT_VERSION,
      format_revision: FORMAT_REVISION,
      written_by: writtenBy,
      format: trace.format,
      format_label: trace.formatLabel,
      origin_ns: integerCell(clock.originNs),
      epoch: clock.epoch,
      file_base_ns: integerCell(clock.fileBaseNs),
      span_ns: trace.spanNs,
      recorded:
        trace.recorded === undefined
          ? null
          : JSON.stringify(trace.recorded.flatMap(({ start, end }) => [start, end])),
      ranks_recorded: trace.ranks.some(({ recorded }) => recorded !== undefined)
        ? JSON.stringify(
            trace.ranks.flatMap(({ recorded }) => [
              recorded?.start ?? 0,
              recorded?.end ?? trace.spanNs,
            ]),
          )
        : null,
      time_kind: timeKindOf(trace),
      rows_in_file: report.rowsInFile,
      rows_read: report.rowsRead,
      rows_counted: report.rowsCounted,
      samples_in_file: report.samples?.inFile ?? null,
      samples_read: report.samples?.read ?? null,
      trace_names: trace.names.size,
      attribution: JSON.stringify(basisWithoutFolders(basis, shorten)),
    };
    const rows = Object.entries(values);
    // Without a type SQLite keeps texts that look like numbers as they are. sql.js binds a number beyond
    // 2^31 as a double, so that whole ones are bound as 64-bit integers.
    this.plain('meta', ['key TEXT PRIMARY KEY', 'value'], rows.length, (i) => {
      const [key, value] = rows[i];
      return [key, Number.isSafeInteger(value) ? BigInt(value as number) : value];
    });
  }

  private reportTables(): void {
    const { trace, shorten } = this;
    const { report } = trace;
    this.records(SKIPPED, report.skipped);
    this.records(
      WARNING,
      [...partOfRun(trace), ...report.warnings].map((warning) => ({
        ...warning,
        message: shorten(warning.message),
      })),
    );
    this.records(
      MISSING,
      report.missing.map((what) => ({ what: shorten(what) })),
    );
    this.records(
      FACT,
      report.facts
        .filter(({ name }) => trace.kept === undefined || !isOriginFact(name))
        .map(({ name, value }) => ({ name: shorten(name), value: shorten(value) })),
    );
    this.records(COUNTED, report.countedByName ?? []);
    this.records(MARKER, trace.markers);
  }

  private communication(): void {
    const { collectives } = this.trace;
    const columns = COMMUNICATION_COLUMNS.map((name) => `${name} INTEGER`);
    this.plain(
      COMMUNICATION_TABLE,
      ['id INTEGER PRIMARY KEY', ...columns],
      collectives?.count ?? 0,
      (i) => {
        const { gpu = [], group = [], sent = [], received = [] } = collectives ?? {};
        return [i, gpu[i], group[i] || null, numberCell(sent[i]), numberCell(received[i])];
      },
    );
  }

  private counters(): void {
    const { counters } = this.trace;
    this.records(COUNTER, counters);
    const columns = ['id INTEGER PRIMARY KEY', ...SAMPLE_COLUMNS.map((name) => `${name} INTEGER`)];
    this.create(SAMPLE_TABLE, columns);
    let id = 0;
    counters.forEach(({ time, value }, track) => {
      const first = id;
      this.database.insert(SAMPLE_TABLE, columns.length, time.length, (i) => [
        first + i,
        track,
        time[i],
        value[i],
      ]);
      id += time.length;
    });
    if (id > 0) {
      this.rows.push({ what: 'samples of counters', rows: id });
    }
  }

  /** @param labels of this table's rows; null for columns without any, undefined for no columns */
  private *events<T extends TimedColumns>(
    table: string,
    what: string,
    columns: T,
    own: readonly EventColumn<T>[],
    labels?: LayerLabels | null,
  ): Generator<ExportPart, void, undefined> {
    const { start, duration, name, lane, count } = columns;
    const stored = own.map(({ key, none }) => ({
      values: columns[key] as ArrayLike<number> | undefined,
      none,
    }));
    const labelled = (labels === undefined ? [] : LABELS).map(({ key, none }) => ({
      values: labels?.[key] as ArrayLike<number> | undefined,
      none,
    }));
    const cells = [...stored, ...labelled];
    const columnNames = [
      ...TIMED_COLUMNS,
      ...own.map(({ column }) => column),
      ...(labels === undefined ? [] : LABELS.map(({ column }) => column)),
    ];
    const definitions = ['id INTEGER PRIMARY KEY', ...columnNames.map((c) => `${c} INTEGER`)];
    this.create(table, definitions);
    for (let from = 0; from < count; from += ROWS_A_SLICE) {
      yield { stage: `Writing ${what}`, fraction: 0.95 * (this.written / this.total) };
      const rows = Math.min(ROWS_A_SLICE, count - from);
      this.database.insert(table, definitions.length, rows, (offset) => {
        const i = from + offset;
        const row: SqlValue[] = [i, start[i], duration[i], name[i], lane[i]];
        for (const { values, none } of cells) {
          const value = values === undefined ? none : values[i];
          row.push(value === none || Number.isNaN(value) ? null : value);
        }
        return row;
      });
      this.written += rows;
    }
    this.rows.push({ what, rows: count });
  }

  private records<T>(table: RecordTable<T>, list: readonly T[]): void {
    this.plain(table.table, columnDefinitions(table), list.length, (i) => rowOf(table, i, list[i]));
  }

  private plain(
    table: string,
    columns: readonly string[],
    count: number,
    row: (i: number) => readonly SqlValue[],
  ): void {
    this.create(table, columns);
    this.database.insert(table, columns.length, count, row);
  }

  private create(table: string, columns: readonly string[]): void {
    this.database.run(`CREATE TABLE ${table} (${columns.join(', ')})`);
  }
}

/** The trace's strings, and behind them those that only its frames have. */
class FrameTexts {
  readonly all: string[];
  private readonly added = new Map<string, number>();

  constructor(private readonly trace: Trace) {
    this.all = [...trace.names.all()];
  }

  id(text: string): number {
    const known = this.trace.names.find(text) ?? this.added.get(text);
    if (known !== undefined) {
      return known;
    }
    const id = this.all.push(text) - 1;
    this.added.set(text, id);
    return id;
  }
}

const encoder = new TextEncoder();

/** SQLite's functions end a text at a NUL: one that holds any lies there as bytes. */
function textCell(text: string): SqlValue {
  return text.includes('\0') ? encoder.encode(text) : text;
}

function numberCell(value: number): SqlValue {
  return Number.isNaN(value) ? null : value;
}

/** What the reader of an import says where it came from; of several that are open, each with its rank. */
function isOriginFact(name: string): boolean {
  return name === IMPORTED_FROM || name.startsWith(`${IMPORTED_FROM} (`);
}

/** Beyond 64 bits as decimal text. */
function integerCell(value: bigint): SqlValue {
  return BigInt.asIntN(64, value) === value ? value : value.toString();
}
