import type { SqlValue } from '../../sqlite/engine.js';
import {
  ANNOTATION,
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  NameTable,
  NO_STACK,
  RangeBuilder,
  type LaunchColumns,
  type RangeColumns,
  type Rank,
  type Trace,
  type TraceReport,
  type Warning,
} from '../../trace/index.js';
import { hostKind } from '../hostKind.js';
import { nestRanges, RawRanges, type CallsAmongRanges } from '../kineto/rangeNesting.js';
import { LaneBuilder } from '../laneBuilder.js';
import { numberOf } from '../numberOf.js';
import { printable } from '../printable.js';
import type { TraceSource } from '../reader.js';
import { RowSkips } from '../rowSkips.js';
import { numberValue, textValue } from '../sqlValues.js';
import { originShift, traceSpan } from '../timeOrigin.js';
import { unusableTimes } from '../unusableTimes.js';
import type { TrueCounts } from './aggregates.js';
import type { Annotation } from './annotations.js';
import { nestedCallWarnings } from './nestedCalls.js';
import type { IngeroSamples } from './samples.js';
import type { Pauses } from './sessions.js';
import type { SourceNames } from './sources.js';
import type { IngeroStacks } from './stacks.js';

const WORDS = {
  noStart: 'no timestamp',
  noDuration: 'no duration',
  negative: 'a negative duration',
};

/** What a row is made of, in the order of `eventColumns`. */
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

/** SQL of what a row of `events` is read as. @param base absolute time, ns, that times are relative to */
export function eventColumns(columns: readonly string[], base: bigint): string[] {
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

interface Surroundings {
  readonly version: string;
  readonly originNs: bigint;
  readonly spanNs: number;
  readonly markers: Trace['markers'];
  readonly samples: IngeroSamples;
  readonly pauses: (launches: Trace['launches'], host: Trace['host']) => Pauses;
  readonly report: Pick<TraceReport, 'rowsInFile' | 'rowsCounted' | 'facts'> & {
    readonly countedByName: TrueCounts['byName'];
  };
  readonly warnings: readonly Warning[];
  /** what was in the way of reading, filled until the trace is built */
  readonly problems: readonly Warning[];
}

/** Of a process number that stands for one on each of several nodes. */
const SEVERAL = -1;

/** Sorts rows into API calls, host events and annotations. */
export class IngeroRows {
  readonly skips = new RowSkips();
  private readonly nameTable = new NameTable();
  private readonly lanes = new LaneBuilder();
  private readonly launches = new LaunchBuilder();
  private readonly host = new HostBuilder();
  private readonly notes = new RangeBuilder();
  /** lane of the annotations about a process; '' = about all */
  private readonly notesLanes = new Map<string, number>();
  private readonly hostKinds = new Map<string, number>();
  private readonly rankNumbers = new Set<number>();
  private worldSize = 0;
  /** number of each node, from 1 in the order they are met */
  private readonly nodes = new Map<string, number>();
  private readonly nodeOfRank = new Map<Rank, number>();
  /** by process; SEVERAL for a number of which there are several */
  private readonly rankOfProcess = new Map<string, number>();
  private unknownSources = 0;
  private withStack = 0;

  constructor(
    private readonly source: TraceSource,
    private readonly names: SourceNames,
    private readonly stacks: IngeroStacks,
    private readonly processes: ReadonlyMap<string, string>,
  ) {}

  /** Whether a row has usable times; one that has not is counted as left out. */
  private fits(stamp: number, duration: number): boolean {
    const reason = unusableTimes(stamp, duration, WORDS);
    if (reason !== '') {
      this.skips.add(reason);
    }
    return reason === '';
  }

  add(row: readonly SqlValue[]): void {
    const stamp = numberValue(row[TIMESTAMP]);
    const duration = numberValue(row[DURATION]);
    if (!this.fits(stamp, duration)) {
      return;
    }
    const sourceId = numberValue(row[SOURCE]);
    const source = this.names.source(sourceId);
    this.unknownSources += source === undefined ? 1 : 0;
    const text = this.names.op(sourceId, numberValue(row[OP]));
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

  annotate({ start, duration, text, process }: Annotation): void {
    if (this.fits(start, duration)) {
      const name = this.nameTable.intern(text === '' ? '(no labels)' : text);
      const lane = this.notesLane(process);
      this.notes.push({ start, duration, name, lane, kind: ANNOTATION });
    }
  }

  /** End of the last event, ns from the base. */
  lastEnd(): number {
    const { originNs, spanNs } = traceSpan(0n, [this.launches, this.host]);
    return Number(originNs) + spanNs;
  }

  /** Fixes the trace's start once all rows are there. */
  settle(base: bigint): { originNs: bigint; spanNs: number } {
    const tables = [this.launches, this.host, this.notes];
    const span = traceSpan(base, tables);
    originShift(base, span.originNs, tables);
    return span;
  }

  /** Number of machines the events are of. Files of one need not name it; rows of before 0.9 have no name. */
  get machines(): number {
    return Math.max(1, [...this.nodes.keys()].filter((node) => node !== '').length);
  }

  /** "node 2" where there are several, '' otherwise: node names are host names. */
  nodeLabel(node: string): string {
    const known = this.nodes.get(node);
    return this.nodes.size > 1 && known !== undefined ? `node ${known}` : '';
  }

  build(surroundings: Surroundings): Trace {
    const { version, originNs, spanNs, markers, samples, report, warnings } = surroundings;
    if (samples.tracks.count > 0 && this.lanes.rankCount === 0) {
      this.rankOf('', -1); // a file of readings alone
    }
    const { ranks, lanes } = this.lanes.build();
    const { source } = this;
    const launches = this.launches.build(true, this.notes.count > 0);
    const ranges = this.nestedNotes(launches, lanes);
    const host = this.host.build(true);
    const { recorded, markers: pauses } = surroundings.pauses(launches, host);
    return {
      files: [{ path: source.path, name: source.name, bytes: source.size }],
      format: 'ingero',
      formatLabel: version === '' ? 'Ingero' : `Ingero ${printable(version, 20)}`,
      clock: { originNs, epoch: 'unix', fileBaseNs: 0n },
      spanNs,
      ...(recorded.length > 0 && { recorded }),
      names: this.nameTable,
      ranks: ranks.map((rank) => ({
        ...rank,
        label: this.rankLabel(rank, ranks),
        worldSize: Math.max(this.worldSize, this.rankNumbers.size, 1),
      })),
      lanes,
      gpu: new GpuBuilder().build(),
      launches,
      ranges,
      host,
      kernelShapes: [],
      stacks: this.stacks.build(),
      counters: samples.build(),
      markers: [...markers, ...pauses].sort((a, b) => a.time - b.time),
      report: {
        ...report,
        rowsRead: launches.count + host.count + ranges.count,
        ...samples.tracks.report(),
        skipped: this.skips.list(),
        warnings: [
          ...surroundings.problems,
          ...warnings,
          ...this.skips.warnings(),
          ...samples.tracks.warnings(),
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
          ...(ranges.count === 0 ? ['step annotations'] : []),
          ...(this.withStack === 0 ? ['launch stacks'] : []),
        ],
      },
    };
  }

  private lane(row: readonly SqlValue[]): number {
    const rank = this.rank(row);
    const pid = textValue(row[PID]);
    const tid = textValue(row[TID]);
    return this.lanes.lane(`${rank} ${pid} ${tid}`, () => {
      const other = this.rankOfProcess.get(pid) ?? rank;
      this.rankOfProcess.set(pid, other === rank ? rank : SEVERAL);
      // 0.10 notes the thread's name with each event; before, there is one name a process.
      const named = textValue(row[COMM]) || this.processes.get(pid) || 'thread';
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

  /** Annotations name a process and no thread: they have a lane of their own. */
  private notesLane(process: string): number {
    let lane = this.notesLanes.get(process);
    if (lane === undefined) {
      const rank = this.rankOfProcess.get(process) ?? SEVERAL;
      const any = this.nodes.size > 0 ? 0 : this.rankOf('', -1);
      lane = this.lanes.lane(`annotations ${process}`, () => ({
        kind: 'thread',
        rank: rank === SEVERAL ? any : rank,
        device: -1,
        id: '',
        process,
        label: process === '' ? 'annotations' : `annotations of process ${process}`,
      }));
      this.notesLanes.set(process, lane);
    }
    return lane;
  }

  /**
   * Ranges of annotations. The one around a call is the innermost about its process, else the innermost
   * about all processes.
   */
  private nestedNotes(launches: LaunchColumns, lanes: Trace['lanes']): RangeColumns {
    const { notes, notesLanes } = this;
    if (notes.count === 0) {
      return new RangeBuilder().build();
    }
    const raw = new RawRanges();
    for (let i = 0; i < notes.count; i++) {
      const [start, duration] = [notes.start.get(i), notes.duration.get(i)];
      raw.push(start, duration, notes.name.get(i), notes.lane.get(i), notes.kind.get(i));
    }
    const none = lanes.length;
    const among = (laneOf: (lane: number) => number): CallsAmongRanges => ({
      count: launches.count,
      start: launches.start,
      lane: Uint32Array.from(launches.lane, laneOf),
      range: new Int32Array(launches.count),
    });
    const ofProcess = lanes.map(({ process }) =>
      this.rankOfProcess.get(process) === SEVERAL ? none : (notesLanes.get(process) ?? none),
    );
    const own = among((lane) => ofProcess[lane]);
    const all = among(() => notesLanes.get('') ?? none);
    const { columns } = nestRanges(raw, [own, all], 1);
    for (let i = 0; i < launches.count; i++) {
      launches.range[i] = own.range[i] >= 0 ? own.range[i] : all.range[i];
    }
    return columns;
  }

  private rank(row: readonly SqlValue[]): number {
    const size = numberValue(row[WORLD_SIZE]);
    if (Number.isSafeInteger(size) && size > this.worldSize) {
      this.worldSize = size;
    }
    const stated = numberValue(row[RANK]);
    const rank = Number.isSafeInteger(stated) && stated >= 0 ? stated : -1;
    if (rank >= 0) {
      this.rankNumbers.add(rank);
    }
    return this.rankOf(textValue(row[NODE]), rank);
  }

  /** Nodes are told apart, but not by their host names; two may say they are the same rank. */
  private rankOf(node: string, rank: number): number {
    return this.lanes.rank(`${rank} ${node}`, () => {
      const ofNode = this.nodes.get(node) ?? this.nodes.size + 1;
      this.nodes.set(node, ofNode);
      const made = { rank, worldSize: 1, label: '', path: this.source.path, device: '' };
      this.nodeOfRank.set(made, ofNode);
      return made;
    });
  }

  private rankLabel(rank: Rank, all: readonly Rank[]): string {
    const node = `node ${this.nodeOfRank.get(rank) ?? 1}`;
    if (rank.rank < 0) {
      return all.length === 1 ? this.source.name : node;
    }
    const alone = all.filter((other) => other.rank === rank.rank).length === 1;
    return alone ? `rank ${rank.rank}` : `rank ${rank.rank} (${node})`;
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
