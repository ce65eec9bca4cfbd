import type { SqlValue } from '../../sqlite/engine.js';
import {
  ANNOTATION,
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  NameTable,
  NO_STACK,
  RangeBuilder,
  type Lane,
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
import { STATED_DURATION, unusableTimes } from '../unusableTimes.js';
import type { TrueCounts } from './aggregates.js';
import type { Annotation } from './annotations.js';
import type { HeldRows } from './heldRows.js';
import { nestedCallWarnings } from './nestedCalls.js';
import type { IngeroSamples } from './samples.js';
import type { Pauses } from './sessions.js';
import type { SourceNames } from './sources.js';
import type { IngeroStacks } from './stacks.js';

/** What a row of `events` is read as. */
export class EventLayout {
  /** SQL by the numbers below */
  readonly expressions: string[] = [];
  readonly timestamp: number;
  readonly duration: number;
  readonly source: number;
  readonly op: number;
  readonly pid: number;
  readonly tid: number;
  readonly hashUpper: number;
  readonly hashLower: number;
  readonly node: number;
  readonly rank: number;
  readonly worldSize: number;
  readonly comm: number;

  /** @param base absolute time, ns, that times are relative to */
  constructor(columns: readonly string[], base: bigint) {
    const add = (expression: string): number => this.expressions.push(expression) - 1;
    let none = -1;
    const optional = (column: string, expression = column): number => {
      if (columns.includes(column)) {
        return add(expression);
      }
      none = none < 0 ? add('NULL') : none;
      return none;
    };
    // The subtraction is SQLite's, on 64-bit integers: a Unix epoch in ns does not fit a double.
    this.timestamp = add(`(${numberOf('timestamp')}) - (${base})`);
    this.duration = add(numberOf('duration'));
    this.source = add('source');
    this.op = add('op');
    this.pid = optional('pid');
    this.tid = optional('tid');
    // Two halves are numbers to JavaScript, and make neither a text nor a bigint of every row.
    this.hashUpper = optional(
      'stack_hash',
      "iif(typeof(stack_hash) = 'integer', stack_hash >> 32, NULL)",
    );
    this.hashLower = optional(
      'stack_hash',
      `CASE WHEN typeof(stack_hash) = 'integer' THEN stack_hash & ${0xffffffff}
       WHEN stack_hash IN (0, '') THEN NULL ELSE CAST(stack_hash AS TEXT) END`,
    );
    this.node = optional('node');
    this.rank = optional('rank');
    this.worldSize = optional('world_size');
    this.comm = optional('comm');
  }
}

/** What the rows of one source and operation are. */
interface EventKind {
  /** id in the trace's names */
  readonly name: number;
  readonly isApi: boolean;
  /** true where the timestamp is the end */
  readonly stampsEnd: boolean;
  /** false for a source that this version does not know */
  readonly known: boolean;
  /** code in HOST_KINDS */
  readonly hostKind: number;
}

/** The lane that the last row of a thread's number had. */
interface KnownLane {
  readonly pid: SqlValue;
  readonly rank: number;
  readonly lane: number;
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
  /** by source and operation */
  private readonly kinds = new Map<number, Map<number, EventKind>>();
  /** by the number of a thread, as the file has it */
  private readonly knownLanes = new Map<SqlValue, KnownLane>();
  private lastRank: { node: SqlValue; rank: SqlValue; size: SqlValue; id: number } | undefined;
  private readonly rankNumbers = new Set<number>();
  private worldSize = 0;
  /** number of each node, from 1 in the order they are met */
  private readonly nodes = new Map<string, number>();
  private readonly nodeOfRank = new Map<Rank, number>();
  /** by process; SEVERAL for a number of which there are several */
  private readonly rankOfProcess = new Map<string, number>();
  /** name of the node by process; undefined for a number there is on several */
  private readonly nodeOfProcess = new Map<string, string | undefined>();
  private unknownSources = 0;
  private withStack = 0;

  constructor(
    private readonly source: TraceSource,
    private readonly layout: EventLayout,
    private readonly names: SourceNames,
    private readonly stacks: IngeroStacks,
    private readonly processes: ReadonlyMap<string, string>,
    private readonly held: HeldRows,
  ) {}

  /** Whether a row has usable times; one that has not is counted as left out. */
  private fits(stamp: number, duration: number): boolean {
    const reason = unusableTimes(stamp, duration, STATED_DURATION);
    if (reason !== '') {
      this.skips.add(reason);
    }
    return reason === '';
  }

  add(row: readonly SqlValue[]): void {
    const { layout } = this;
    const stamp = numberValue(row[layout.timestamp]);
    const duration = numberValue(row[layout.duration]);
    this.held.add(stamp, duration, row[layout.source], row[layout.op], row[layout.pid]);
    if (!this.fits(stamp, duration)) {
      return;
    }
    const kind = this.kind(numberValue(row[layout.source]), numberValue(row[layout.op]));
    this.unknownSources += kind.known ? 0 : 1;
    const { name } = kind;
    const lane = this.lane(row);
    const [upper, lower] = [row[layout.hashUpper], row[layout.hashLower]];
    const stack =
      lower === null || (lower === 0 && upper === 0) ? NO_STACK : this.stacks.find(upper, lower);
    this.withStack += stack >= 0 ? 1 : 0;
    const start = kind.stampsEnd ? stamp - duration : stamp;
    if (kind.isApi) {
      this.launches.push({ start, duration, name, lane, stack });
    } else {
      this.host.push({ start, duration, name, lane, kind: kind.hostKind });
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
    const { ranks, lanes: found } = this.lanes.build();
    const lanes = found.map((lane) => this.labelled(lane));
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
    const { layout } = this;
    const rank = this.rank(row);
    const [pidValue, tidValue] = [row[layout.pid], row[layout.tid]];
    const known = this.knownLanes.get(tidValue);
    if (known?.pid === pidValue && known.rank === rank) {
      return known.lane;
    }
    const pid = textValue(pidValue);
    const tid = textValue(tidValue);
    const lane = this.lanes.lane(`${rank} ${pid} ${tid}`, () => {
      const other = this.rankOfProcess.get(pid) ?? rank;
      this.rankOfProcess.set(pid, other === rank ? rank : SEVERAL);
      if (row[layout.node] !== null) {
        const node = textValue(row[layout.node]);
        const same = !this.nodeOfProcess.has(pid) || this.nodeOfProcess.get(pid) === node;
        this.nodeOfProcess.set(pid, same ? node : undefined);
      }
      // 0.10 notes the thread's name with each event; before, there is one name a process.
      const named = textValue(row[layout.comm]);
      return {
        kind: 'thread',
        rank,
        device: -1,
        id: tid,
        process: pid,
        label: named === '' ? '' : `${named} (${tid})`,
      };
    });
    if (!(tidValue instanceof Uint8Array)) {
      this.knownLanes.set(tidValue, { pid: pidValue, rank, lane });
    }
    return lane;
  }

  /**
   * Names threads after their processes. In a merged file the number of a process may stand for one on
   * each node, and its name for any of them: then it has none.
   */
  private labelled(lane: Lane): Lane {
    if (lane.label !== '') {
      return lane;
    }
    const { process, id } = lane;
    const several =
      this.nodeOfProcess.has(process) && this.nodeOfProcess.get(process) === undefined;
    const named = several ? '' : (this.processes.get(process) ?? '');
    return { ...lane, label: `${named === '' ? 'thread' : named} (${id})` };
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
    const { layout, lastRank } = this;
    const [node, stated, size] = [row[layout.node], row[layout.rank], row[layout.worldSize]];
    if (lastRank?.node === node && lastRank.rank === stated && lastRank.size === size) {
      return lastRank.id;
    }
    const ranks = numberValue(size);
    if (Number.isSafeInteger(ranks) && ranks > this.worldSize) {
      this.worldSize = ranks;
    }
    const number = numberValue(stated);
    const rank = Number.isSafeInteger(number) && number >= 0 ? number : -1;
    if (rank >= 0) {
      this.rankNumbers.add(rank);
    }
    const id = this.rankOf(textValue(node), rank);
    this.lastRank = { node, rank: stated, size, id };
    return id;
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

  private kind(source: number, op: number): EventKind {
    let ofSource = this.kinds.get(source);
    if (ofSource === undefined) {
      ofSource = new Map();
      this.kinds.set(source, ofSource);
    }
    let kind = ofSource.get(op);
    if (kind === undefined) {
      const known = this.names.source(source);
      const text = this.names.op(source, op);
      kind = {
        name: this.nameTable.intern(text),
        isApi: known?.isApi === true,
        stampsEnd: known?.stamps === 'end',
        known: known !== undefined,
        hostKind: hostKind(text, known?.name ?? ''),
      };
      ofSource.set(op, kind);
    }
    return kind;
  }
}
