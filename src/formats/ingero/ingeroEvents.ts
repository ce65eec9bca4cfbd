import { SqlError, type SqlEngine, type SqlValue } from '../../sqlite/engine.js';
import {
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  NameTable,
  NO_STACK,
  RangeBuilder,
  throwIfCancelled,
  type Trace,
  type Warning,
} from '../../trace/index.js';
import { damageOf, eachEventRow } from '../eventRows.js';
import { MOST_NS } from '../exactTime.js';
import { hostKind } from '../hostKind.js';
import { LaneBuilder } from '../laneBuilder.js';
import { numberOf } from '../numberOf.js';
import { pause } from '../pause.js';
import { printable } from '../printable.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { RowSkips } from '../rowSkips.js';
import { damagedFile } from '../sqliteTrace.js';
import { originShift, traceSpan } from '../timeOrigin.js';
import { trueCounts, type TrueCounts } from './aggregates.js';
import { causalChains } from './causalChains.js';
import { recordingFacts } from './facts.js';
import { nestedCallWarnings } from './nestedCalls.js';
import { SourceNames } from './sources.js';
import { IngeroStacks } from './stacks.js';

/** What a row is made of, in the order of `selected`. */
const TIMESTAMP = 0;
const DURATION = 1;
const SOURCE = 2;
const OP = 3;
const PID = 4;
const TID = 5;
const STACK_HASH = 6;
const NODE = 7;
const RANK = 8;
const WORLD_SIZE = 9;
const COMM = 10;

/** Tables of the recorder that hold events or say how many there were; read here. */
const READ_TABLES = new Set([
  'events',
  'stack_traces',
  'sources',
  'ops',
  'schema_info',
  'sessions',
  'process_names',
  'causal_chains',
  'event_aggregates',
]);
/** Tables that only repeat what others say, or describe the machine rather than the run. */
const KNOWN_UNUSED = new Set([
  'event_aggregates_5s',
  'system_snapshots',
  'cgroup_metadata',
  'cgroup_schedstat',
]);

/** Makes a trace of an open Ingero database. @throws TraceOpenError, SqlError */
export async function readIngeroEvents(
  engine: SqlEngine,
  source: TraceSource,
  options: ReadOptions,
  found: readonly Warning[],
): Promise<Trace> {
  const problems: Warning[] = [...found];
  // What surrounds the events may be damaged while the events are not: then it is told and left out.
  const tolerant = <T>(what: string, read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SqlError)) {
        throw error;
      }
      problems.push({
        code: 'unreadable-table',
        message: `${what} could not be read (${error.message}).`,
        rows: 0,
      });
      return otherwise;
    }
  };
  const names = new SourceNames(engine);
  const stacks = new IngeroStacks(engine);
  const processes = tolerant('Process names', () => processNames(engine), new Map());
  const base = middleTimestamp(engine);
  const events = new IngeroEvents(source, names, stacks, processes);
  const { seen, inFile, damage } = await eachEventRow(
    engine,
    'events',
    selected(engine.columnsOf('events'), base),
    (row) => events.add(row),
    options,
  );
  if (damage !== undefined) {
    if (seen === 0) {
      throw damagedFile(source, damage);
    }
    problems.push({
      code: 'damaged',
      message: `The database is damaged or cut (${damage}): ${seen} event rows could be read, those on damaged pages could not.`,
      rows: 0,
    });
  }
  const { originNs, spanNs } = events.settle(base);
  options.progress?.({ stage: 'Counting what the recorder saw' });
  await pause();
  throwIfCancelled(options.signal);
  const unknown: TrueCounts = { rowsCounted: null, byName: [], warnings: [] };
  const counts = tolerant('Event counts', () => trueCounts(engine, names), unknown);
  const chains = tolerant('Causal chains', () => causalChains(engine, originNs), {
    markers: [],
    warnings: [],
  });
  const facts = tolerant('Facts of the recording', () => recordingFacts(engine), []);
  const version = tolerant('The schema version', () => schemaVersion(engine), '');
  return events.build({
    version,
    originNs,
    spanNs,
    markers: chains.markers,
    report: {
      rowsInFile: inFile,
      rowsCounted: counts.rowsCounted,
      countedByName: counts.byName,
      facts,
      found: [...problems, ...counts.warnings, ...chains.warnings, ...unusedTables(engine)],
      seen,
    },
  });
}

function selected(columns: readonly string[], base: bigint): string[] {
  const optional = (column: string): string => (columns.includes(column) ? column : 'NULL');
  const out: string[] = [];
  // The subtraction is SQLite's, on 64-bit integers: a Unix epoch in ns does not fit a double.
  out[TIMESTAMP] = `(${numberOf('timestamp')}) - (${base})`;
  out[DURATION] = numberOf('duration');
  out[SOURCE] = 'source';
  out[OP] = 'op';
  out[PID] = optional('pid');
  out[TID] = optional('tid');
  out[STACK_HASH] = columns.includes('stack_hash')
    ? "CASE WHEN stack_hash IN (0, '') THEN NULL ELSE CAST(stack_hash AS TEXT) END"
    : 'NULL';
  out[NODE] = optional('node');
  out[RANK] = optional('rank');
  out[WORLD_SIZE] = optional('world_size');
  out[COMM] = optional('comm');
  return out;
}

/** The middle one of the first timestamps: near all others, even where single rows are broken. */
function middleTimestamp(engine: SqlEngine): bigint {
  const sample: bigint[] = [];
  for (const end of ['LIMIT 501', 'ORDER BY _rowid_ DESC LIMIT 501']) {
    if (sample.length === 0) {
      try {
        engine.each(`SELECT ${numberOf('timestamp')} FROM events NOT INDEXED ${end}`, ([value]) => {
          if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
            sample.push(BigInt(value as bigint | number));
          }
        });
      } catch (error) {
        // Damage at this end of the table. Whether any row can be read is found when they are read.
        damageOf(error);
      }
    }
  }
  sample.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sample[sample.length >> 1] ?? 0n;
}

function processNames(engine: SqlEngine): Map<string, string> {
  if (engine.columnsOf('process_names').length === 0) {
    return new Map();
  }
  return new Map(
    engine
      .query('SELECT pid, name FROM process_names')
      .rows.map(([pid, name]) => [String(pid), String(name)]),
  );
}

function schemaVersion(engine: SqlEngine): string {
  const { rows } = engine.query("SELECT value FROM schema_info WHERE key = 'version'");
  return rows.length > 0 ? String(rows[0][0]) : '';
}

/** Tables of newer versions: what is in them is not shown, and that is said. */
function unusedTables(engine: SqlEngine): Warning[] {
  const unused = engine
    .tables()
    .filter(
      ({ name, type }) => type === 'table' && !READ_TABLES.has(name) && !KNOWN_UNUSED.has(name),
    )
    .map(({ name }) => printable(name, 40));
  return unused.length === 0
    ? []
    : [
        {
          code: 'unused-tables',
          message: `Tables this version makes nothing of: ${unused.join(', ')}. SQL reaches them.`,
          rows: 0,
        },
      ];
}

interface Surroundings {
  readonly version: string;
  readonly originNs: bigint;
  readonly spanNs: number;
  readonly markers: Trace['markers'];
  readonly report: {
    readonly rowsInFile: number;
    readonly rowsCounted: number | null;
    readonly countedByName: TrueCounts['byName'];
    readonly facts: Trace['report']['facts'];
    readonly found: readonly Warning[];
    readonly seen: number;
  };
}

/** Sorts rows into API calls and host events. */
class IngeroEvents {
  private readonly nameTable = new NameTable();
  private readonly lanes = new LaneBuilder();
  private readonly launches = new LaunchBuilder();
  private readonly host = new HostBuilder();
  private readonly skips = new RowSkips();
  private readonly hostKinds = new Map<string, number>();
  private readonly rankNumbers = new Set<number>();
  private worldSize = 0;
  private nodes = 0;
  private unknownSources = 0;
  private withStack = 0;

  constructor(
    private readonly source: TraceSource,
    private readonly names: SourceNames,
    private readonly stacks: IngeroStacks,
    private readonly processes: ReadonlyMap<string, string>,
  ) {}

  add(row: readonly SqlValue[]): void {
    const stamp = number(row[TIMESTAMP]);
    const duration = number(row[DURATION]);
    if (Number.isNaN(stamp)) {
      this.skips.add('no timestamp');
      return;
    }
    if (Math.abs(stamp) >= MOST_NS) {
      this.skips.add('a time more than 104 days from the others');
      return;
    }
    if (Number.isNaN(duration)) {
      this.skips.add('no duration');
      return;
    }
    if (duration < 0) {
      this.skips.add('a negative duration');
      return;
    }
    if (duration >= MOST_NS) {
      this.skips.add('a duration of more than 104 days');
      return;
    }
    const sourceId = number(row[SOURCE]);
    const source = this.names.source(sourceId);
    this.unknownSources += source === undefined ? 1 : 0;
    const text = this.names.op(sourceId, number(row[OP]));
    const name = this.nameTable.intern(text);
    const lane = this.lane(row);
    const hash = row[STACK_HASH];
    const stack = hash === null ? NO_STACK : this.stacks.find(String(hash));
    this.withStack += stack >= 0 ? 1 : 0;
    const start = source?.stamps === 'end' ? stamp - duration : stamp;
    if (source?.isApi === true) {
      this.launches.push({ start, duration, name, lane, stack });
    } else {
      this.host.push({ start, duration, name, lane, kind: this.kind(text, source?.name ?? '') });
    }
  }

  /** Fixes the trace's start once all rows are there. */
  settle(base: bigint): { originNs: bigint; spanNs: number } {
    const tables = [this.launches, this.host];
    const span = traceSpan(base, tables);
    originShift(base, span.originNs, tables);
    return span;
  }

  build({ version, originNs, spanNs, markers, report }: Surroundings): Trace {
    this.skips.add('in a damaged or missing part of the file', report.rowsInFile - report.seen);
    const { ranks, lanes } = this.lanes.build();
    const { source } = this;
    const launches = this.launches.build(true, false);
    return {
      files: [{ path: source.path, name: source.name, bytes: source.size }],
      format: 'ingero',
      formatLabel: version === '' ? 'Ingero' : `Ingero ${printable(version, 20)}`,
      clock: { originNs, epoch: 'unix', fileBaseNs: 0n },
      spanNs,
      names: this.nameTable,
      ranks: ranks.map((rank) => ({
        ...rank,
        label: ranks.length === 1 && rank.rank < 0 ? source.name : rank.label,
        worldSize: Math.max(this.worldSize, this.rankNumbers.size, 1),
      })),
      lanes,
      gpu: new GpuBuilder().build(),
      launches,
      ranges: new RangeBuilder().build(),
      host: this.host.build(true),
      kernelShapes: [],
      stacks: this.stacks.build(),
      counters: [],
      markers,
      report: {
        rowsInFile: report.rowsInFile,
        rowsRead: this.launches.count + this.host.count,
        rowsCounted: report.rowsCounted,
        countedByName: report.countedByName,
        skipped: this.skips.list(),
        warnings: [
          ...report.found,
          ...this.skips.warnings(),
          ...this.stacks.warnings(),
          ...nestedCallWarnings(launches),
          ...(this.unknownSources === 0
            ? []
            : [
                {
                  code: 'unknown-source',
                  message: `${this.unknownSources} events are of sources this version does not know; they are shown as host events.`,
                  rows: this.unknownSources,
                },
              ]),
        ],
        missing: [
          'GPU events',
          'correlation',
          'module ranges',
          'step annotations',
          ...(this.withStack === 0 ? ['launch stacks'] : []),
        ],
        facts: report.facts,
      },
    };
  }

  private lane(row: readonly SqlValue[]): number {
    const rank = this.rank(row);
    const pid = idText(row[PID]);
    const tid = idText(row[TID]);
    return this.lanes.lane(`${rank} ${pid} ${tid}`, () => {
      // 0.10 notes the thread's name with each event; before, there is one name a process.
      const named = idText(row[COMM]) || this.processes.get(pid) || 'thread';
      return {
        kind: 'thread',
        rank,
        device: -1,
        id: tid,
        process: pid,
        label: `${named} (${tid})`,
      };
    });
  }

  /** Rows of several nodes without rank numbers are told apart, but not by their host names. */
  private rank(row: readonly SqlValue[]): number {
    const node = idText(row[NODE]);
    const stated = number(row[RANK]);
    const rank = Number.isSafeInteger(stated) && stated >= 0 ? stated : -1;
    const size = number(row[WORLD_SIZE]);
    if (Number.isSafeInteger(size) && size > this.worldSize) {
      this.worldSize = size;
    }
    if (rank >= 0) {
      this.rankNumbers.add(rank);
    }
    return this.lanes.rank(rank >= 0 ? `r${rank}` : `n${node}`, () => {
      this.nodes += rank < 0 ? 1 : 0;
      const label = rank < 0 ? `node ${this.nodes}` : `rank ${rank}`;
      return { rank, worldSize: 1, label, path: this.source.path, device: '' };
    });
  }

  private kind(name: string, source: string): number {
    let kind = this.hostKinds.get(name);
    if (kind === undefined) {
      kind = hostKind(name, source);
      this.hostKinds.set(name, kind);
    }
    return kind;
  }
}

function number(value: SqlValue): number {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : NaN;
}

function idText(value: SqlValue): string {
  return value === null || value instanceof Uint8Array ? '' : String(value);
}
