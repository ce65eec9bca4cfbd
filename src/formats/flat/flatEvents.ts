import { SqlError, type SqlEngine, type SqlValue } from '../../sqlite/engine.js';
import { quoteName } from '../../sqlite/sqlText.js';
import {
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  NameTable,
  NO_STACK,
  RangeBuilder,
  TraceOpenError,
  type Lane,
  type Trace,
  type Warning,
} from '../../trace/index.js';
import { accountFor, damageOf, eachEventRow, type RowsRead } from '../eventRows.js';
import { MOST_NS, nsOfMicroseconds } from '../exactTime.js';
import { parseStack, UnreadableStack } from '../frameText.js';
import { hostKind } from '../hostKind.js';
import { LaneBuilder } from '../laneBuilder.js';
import { numberOf } from '../numberOf.js';
import { printable } from '../printable.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { RowSkips } from '../rowSkips.js';
import { damagedFile } from '../sqliteTrace.js';
import { StackBuilder } from '../stackBuilder.js';
import { originShift, traceSpan } from '../timeOrigin.js';
import { STATED_DURATION, unusableTimes } from '../unusableTimes.js';
import { FLAT_TABLE, flatColumns, type FlatColumns } from './columns.js';
import { gpuKind, isApiName, placeOfSource, type Place } from './eventSource.js';

/** What a row is made of, in the order of `selected`. */
const START = 0;
const DURATION = 1;
const NAME = 2;
const SOURCE = 3;
const PID = 4;
const TID = 5;
const DEVICE = 6;
const STREAM = 7;
const RANK = 8;
const WORLD_SIZE = 9;
const BYTES = 10;
const STACK = 11;

/** Makes a trace of the `events` table of an open database. @throws TraceOpenError */
export async function readFlatEvents(
  engine: SqlEngine,
  source: TraceSource,
  options: ReadOptions,
  found: readonly Warning[],
): Promise<Trace> {
  const columns = flatColumns(engine.columnsOf(FLAT_TABLE));
  if (columns === undefined) {
    throw new TraceOpenError(
      'not-a-trace',
      `${printable(source.name)} is no trace: its "events" lacks timestamp, name or duration_us (or duration, duration_ns).`,
      'an SQLite database',
      engine.tables().map((table) => table.name),
    );
  }
  const base = middleTimestamp(engine, columns);
  const events = new FlatEvents(source, columns);
  const read = await eachEventRow(
    engine,
    FLAT_TABLE,
    selected(columns, base),
    (row) => events.add(row),
    options,
  );
  if (read.damage !== undefined && read.seen === 0) {
    throw damagedFile(source, read.damage);
  }
  return events.build(base, read, [...found, ...coarseTimes(engine, columns)]);
}

/** Times stored as floating-point numbers that are too large to be exact. */
function coarseTimes(engine: SqlEngine, columns: FlatColumns): Warning[] {
  const time = quoteName(columns.timestamp);
  try {
    const [[rows]] = engine.query(
      `SELECT count(*) FROM ${FLAT_TABLE} WHERE typeof(${time}) = 'real' AND abs(${time}) > ${MOST_NS}`,
    ).rows;
    const count = Number(rows);
    return count === 0
      ? []
      : [
          {
            code: 'coarse-times',
            message: `${count} times are stored as floating-point numbers above 2^53 ns: they are exact to some 256 ns only.`,
            rows: count,
          },
        ];
  } catch (error) {
    // Damage, which was told when the rows were read, or will be.
    damageOf(error);
    return [];
  }
}

function selected(columns: FlatColumns, base: bigint): string[] {
  const plain = (column: string | undefined): string =>
    column === undefined ? 'NULL' : quoteName(column);
  const out: string[] = [];
  // The subtraction is SQLite's, on 64-bit integers: a Unix epoch in ns does not fit a double.
  out[START] = `(${numberOf(columns.timestamp)}) - (${base})`;
  out[DURATION] = numberOf(columns.duration);
  out[NAME] = plain(columns.name);
  out[SOURCE] = columns.source === undefined ? "'gpu'" : plain(columns.source);
  out[PID] = plain(columns.pid);
  out[TID] = plain(columns.tid);
  out[DEVICE] = plain(columns.device);
  out[STREAM] = plain(columns.stream);
  out[RANK] = columns.rank === undefined ? 'NULL' : numberOf(columns.rank);
  out[WORLD_SIZE] = columns.worldSize === undefined ? 'NULL' : numberOf(columns.worldSize);
  out[BYTES] = columns.bytes === undefined ? 'NULL' : numberOf(columns.bytes);
  out[STACK] =
    columns.stack === undefined
      ? 'NULL'
      : `CASE WHEN ${quoteName(columns.stack)} IN ('', '[]') THEN NULL ELSE ${quoteName(columns.stack)} END`;
  return out;
}

/**
 * The middle one of the first timestamps: near all times of a recording, even where single rows
 * carry a 0 or a broken value. 0 where none can be read.
 */
function middleTimestamp(engine: SqlEngine, columns: FlatColumns): bigint {
  const sample: bigint[] = [];
  const add = ([value]: readonly SqlValue[]): void => {
    if (typeof value === 'bigint') {
      sample.push(value);
    } else if (typeof value === 'number' && Number.isFinite(value)) {
      sample.push(BigInt(Math.round(value)));
    }
  };
  // Of the rows themselves: an index over times may be what is damaged or missing.
  const query = `SELECT ${numberOf(columns.timestamp)} FROM ${FLAT_TABLE} NOT INDEXED`;
  for (const end of ['LIMIT 501', 'ORDER BY _rowid_ DESC LIMIT 501']) {
    if (sample.length === 0) {
      try {
        engine.each(`${query} ${end}`, add);
      } catch (error) {
        // Damage at this end of the table. Whether any row can be read is found when they are read.
        if (!(error instanceof SqlError)) {
          throw error;
        }
      }
    }
  }
  sample.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sample[sample.length >> 1] ?? 0n;
}

/** Sorts rows into the trace's tables. */
class FlatEvents {
  private readonly names = new NameTable();
  private readonly lanes = new LaneBuilder();
  private readonly stacks = new StackBuilder();
  private readonly gpu = new GpuBuilder();
  private readonly launches = new LaunchBuilder();
  private readonly host = new HostBuilder();
  private readonly skips = new RowSkips();
  private readonly places = new Map<string, Place>();
  private readonly stackIds = new Map<string, number>();
  private readonly devices = new Map<string, number>();
  private readonly rankNumbers = new Set<number>();
  /** by name id */
  private readonly gpuKinds: number[] = [];
  private readonly rankIds = new Map<SqlValue, number>();
  private lastStream:
    { rank: number; pid: string; device: SqlValue; stream: SqlValue; lane: number } | undefined;
  private worldSize = 0;
  private unnamed = 0;
  private unsourced = 0;
  private apiNames = 0;
  private badStacks = 0;
  private withStack = 0;

  constructor(
    private readonly source: TraceSource,
    private readonly columns: FlatColumns,
  ) {}

  add(row: readonly SqlValue[]): void {
    const start = number(row[START]);
    const stated = number(row[DURATION]);
    const duration = this.columns.durationUnit === 'us' ? nsOfMicroseconds(stated) : stated;
    const unusable = unusableTimes(start, duration, STATED_DURATION);
    if (unusable !== '') {
      this.skips.add(unusable);
      return;
    }

    const text = string(row[NAME]);
    this.unnamed += text === '' ? 1 : 0;
    const name = this.names.intern(text === '' ? '(no name)' : text);
    const place = this.place(row[SOURCE]);
    const rank = this.rank(row);
    const pid = string(row[PID]);
    const stack = this.stack(row[STACK]);
    if (place === 'gpu') {
      this.apiNames += isApiName(text) ? 1 : 0;
      this.gpu.push({
        start,
        duration,
        name,
        lane: this.streamLane(rank, pid, row),
        kind: this.kind(name, text),
        stack,
        bytes: number(row[BYTES]),
      });
      return;
    }
    const lane = this.threadLane(rank, pid, string(row[TID]));
    if (place === 'api') {
      this.launches.push({ start, duration, name, lane, stack });
    } else {
      const kind = hostKind(text, string(row[SOURCE]));
      this.host.push({ start, duration, name, lane, kind });
    }
  }

  /** @param found warnings about the file itself */
  build(base: bigint, read: RowsRead, found: readonly Warning[]): Trace {
    const { source, columns } = this;
    const warnings = [...found];
    accountFor(FLAT_TABLE, read, this.skips, warnings);
    const { originNs, spanNs } = traceSpan(base, [this.gpu, this.launches, this.host]);
    originShift(base, originNs, [this.gpu, this.launches, this.host]);
    const { ranks, lanes } = this.lanes.build();
    return {
      files: [{ path: source.path, name: source.name, bytes: source.size }],
      format: 'flat',
      formatLabel: 'events table',
      clock: {
        originNs,
        // 1e17 ns is 1973 as an epoch, and three years as a machine's uptime.
        epoch: originNs > 10n ** 17n ? 'unix' : 'session',
        fileBaseNs: 0n,
      },
      spanNs,
      names: this.names,
      ranks: ranks.map((rank) => ({
        ...rank,
        worldSize: Math.max(this.worldSize, this.rankNumbers.size, 1),
      })),
      lanes: this.withOrdinals(lanes),
      gpu: this.gpu.build(true),
      launches: this.launches.build(true, false),
      ranges: new RangeBuilder().build(),
      host: this.host.build(true),
      kernelShapes: [],
      stacks: this.stacks.build(),
      counters: [],
      markers: [],
      report: {
        rowsInFile: read.inFile,
        rowsRead: this.gpu.count + this.launches.count + this.host.count,
        rowsCounted: null,
        skipped: this.skips.list(),
        warnings: [...warnings, ...this.warnings()],
        missing: [
          ...(this.withStack === 0 ? ['python stacks'] : []),
          'module ranges',
          'step annotations',
          'correlation',
          ...(columns.stream === undefined ? ['streams'] : []),
          ...(columns.device === undefined ? ['devices'] : []),
        ],
        facts: [],
      },
    };
  }

  private place(value: SqlValue): Place {
    const source = string(value);
    if (source === '') {
      this.unsourced++;
    }
    let place = this.places.get(source);
    if (place === undefined) {
      place = placeOfSource(source);
      this.places.set(source, place);
    }
    return place;
  }

  private rank(row: readonly SqlValue[]): number {
    const size = number(row[WORLD_SIZE]);
    if (Number.isSafeInteger(size) && size > this.worldSize) {
      this.worldSize = size;
    }
    let id = this.rankIds.get(row[RANK]);
    if (id === undefined) {
      const stated = number(row[RANK]);
      const rank = Number.isSafeInteger(stated) && stated >= 0 ? stated : -1;
      if (rank >= 0) {
        this.rankNumbers.add(rank);
      }
      id = this.lanes.rank(String(rank), () => ({
        rank,
        worldSize: 1,
        label: rank < 0 ? this.source.name : `rank ${rank}`,
        path: this.source.path,
        device: '',
      }));
      this.rankIds.set(row[RANK], id);
    }
    return id;
  }

  private kind(name: number, text: string): number {
    let kind = this.gpuKinds[name];
    if (kind === undefined) {
      kind = gpuKind(text);
      this.gpuKinds[name] = kind;
    }
    return kind;
  }

  private streamLane(rank: number, pid: string, row: readonly SqlValue[]): number {
    // Rows of one stream mostly follow one another: asking for the same lane again is cheap.
    const last = this.lastStream;
    if (
      last?.rank === rank &&
      last.pid === pid &&
      last.device === row[DEVICE] &&
      last.stream === row[STREAM]
    ) {
      return last.lane;
    }
    const device = string(row[DEVICE]);
    const stream = string(row[STREAM]);
    const lane = this.lanes.lane(`s\0${rank}\0${pid}\0${device}\0${stream}`, () => ({
      kind: 'stream',
      rank,
      device: this.device(device),
      id: stream,
      process: pid,
      label: stream === '' ? 'GPU' : `stream ${stream}`,
    }));
    this.lastStream = { rank, pid, device: row[DEVICE], stream: row[STREAM], lane };
    return lane;
  }

  private threadLane(rank: number, pid: string, tid: string): number {
    return this.lanes.lane(`t\0${rank}\0${pid}\0${tid}`, () => ({
      kind: 'thread',
      rank,
      device: -1,
      id: tid,
      process: pid,
      label: tid === '' ? 'host' : `thread ${tid}`,
    }));
  }

  /** The ordinal a file states; other names of devices (UUIDs) as -2, -3, ... until all are known. */
  private device(text: string): number {
    if (/^\d{1,9}$/.test(text)) {
      return Number(text);
    }
    if (text === '') {
      return 0;
    }
    const known = this.devices.get(text) ?? -2 - this.devices.size;
    this.devices.set(text, known);
    return known;
  }

  /** Lanes whose named devices have the ordinals that no other device states. */
  private withOrdinals(lanes: readonly Lane[]): Lane[] {
    const taken = new Set(lanes.map((lane) => lane.device));
    const ordinals = new Map<number, number>();
    let next = 0;
    for (const placeholder of this.devices.values()) {
      while (taken.has(next)) {
        next++;
      }
      ordinals.set(placeholder, next++);
    }
    return lanes.map((lane) => ({ ...lane, device: ordinals.get(lane.device) ?? lane.device }));
  }

  private stack(value: SqlValue): number {
    if (value === null) {
      return NO_STACK;
    }
    const text = string(value);
    let id = this.stackIds.get(text);
    if (id === undefined) {
      try {
        id = this.stacks.add(parseStack(text));
      } catch (error) {
        if (!(error instanceof UnreadableStack)) {
          throw error;
        }
        id = UNREADABLE;
      }
      this.stackIds.set(text, id);
    }
    if (id === UNREADABLE) {
      this.badStacks++;
      return NO_STACK;
    }
    this.withStack += id === NO_STACK ? 0 : 1;
    return id;
  }

  private warnings(): Warning[] {
    const { columns } = this;
    const warnings = this.skips.warnings();
    const add = (code: string, rows: number, message: string): void => {
      if (rows > 0) {
        warnings.push({ code, message, rows });
      }
    };
    add('unnamed', this.unnamed, `${this.unnamed} events have no name.`);
    add(
      'no-source',
      this.unsourced,
      `${this.unsourced} events have no source; they are shown as host events, not as GPU work.`,
    );
    add(
      'api-names',
      this.apiNames,
      `${this.apiNames} rows of a GPU source are named like API calls (cudaLaunchKernel, ...): their durations may be host time, not GPU time.`,
    );
    add(
      'unreadable-stack',
      this.badStacks,
      `${this.badStacks} stacks are not written in a known way.`,
    );
    if (columns.unused.length > 0) {
      const listed = columns.unused.map((column) => printable(column, 40)).join(', ');
      warnings.push({
        code: 'unused-columns',
        message: `Columns this version makes nothing of: ${listed}. SQL reaches them in the table events.`,
        rows: 0,
      });
    }
    return warnings;
  }
}

/** Stands in `stackIds` for a text that could not be parsed. */
const UNREADABLE = -3;

function number(value: SqlValue): number {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : NaN;
}

function string(value: SqlValue): string {
  if (value === null) {
    return '';
  }
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
