import type { KeptLabels } from './labels.js';
import type { NameTable } from './names.js';

/**
 * Columns of a trace. All columns of one table have `count` entries. Times are nanoseconds from the
 * trace's start (`Trace.clock.originNs`), as doubles: exact to the nanosecond for 104 days.
 */
export interface TimedColumns {
  readonly count: number;
  /** ns from the trace's start; ascending. */
  readonly start: Float64Array;
  /** ns */
  readonly duration: Float64Array;
  /** id in `Trace.names` */
  readonly name: IndexColumn;
  /** index in `Trace.lanes` */
  readonly lane: IndexColumn;
}

/** Numbers of rows elsewhere, in the narrowest type that holds them. */
export type IndexColumn = Uint16Array | Uint32Array;

/** Codes of `GpuColumns.kind`. */
export const GPU_KINDS = ['kernel', 'memcpy', 'memset', 'graph'] as const;
export type GpuKind = (typeof GPU_KINDS)[number];
export const KERNEL = 0;
export const MEMCPY = 1;
export const MEMSET = 2;

/** What ran on a GPU: kernels, copies, memsets. */
export interface GpuColumns extends TimedColumns {
  readonly kind: Uint8Array;
  /** index in `Trace.launches` of the API call that launched it, -1 where the trace has none */
  readonly launch: Int32Array;
  /** correlation id as the file has it, NaN where it has none (ids stay below 2^53 in all formats read) */
  readonly correlation: Float64Array;
  /** bytes moved or set, NaN where it does not apply */
  readonly bytes: Float64Array;
  /** index in `Trace.kernelShapes`, -1 = not recorded */
  readonly shape: Int32Array;
  /** name id of the collective the file names for it ("_allgather_base", ...), 0 = none */
  readonly collective: Uint32Array;
  /** 1 where it was replayed from a CUDA/HIP graph */
  readonly replayed: Uint8Array;
  /**
   * for what was replayed from a graph the API call (index in `Trace.launches`) that made its node while
   * the graph was captured: what was open around that call it belongs to. -1 = not known; absent where
   * the file does not say for any
   */
  readonly captured?: Int32Array;
  /**
   * index in `Trace.stacks` where the file stores the stack with the GPU event itself (flat `events`
   * tables), -1 = none. Formats that store it with the API call have it in `LaunchColumns.stack`.
   */
  readonly stack: Int32Array;
}

/** What the file says of GPU events that are collectives, beyond their names; one entry each. */
export interface CollectiveColumns {
  readonly count: number;
  /** index in `Trace.gpu`; ascending */
  readonly gpu: Uint32Array;
  /** name id of the process group and its ranks, "0 [0, 1]"; 0 = not stated */
  readonly group: Uint32Array;
  /** elements this rank gives to it and gets from it, NaN where not stated */
  readonly sent: Float64Array;
  readonly received: Float64Array;
}

/** CUDA/HIP API calls on host threads; `duration` is host time and never counts as GPU time. */
export interface LaunchColumns extends TimedColumns {
  /** as in `GpuColumns`; absent where no call has one */
  readonly correlation?: Float64Array;
  /** index in `Trace.stacks`, -1 = no stack, -2 = the file points at a stack it does not hold */
  readonly stack: Int32Array | Int16Array;
  /** innermost range (index in `Trace.ranges`) of the same thread that encloses it, -1 = none */
  readonly range: Int32Array | Int8Array;
}
export const NO_STACK = -1;
export const DANGLING_STACK = -2;

/** Codes of `RangeColumns.kind`. */
export const RANGE_KINDS = ['annotation', 'module', 'frame', 'op'] as const;
export type RangeKind = (typeof RANGE_KINDS)[number];
export const ANNOTATION = 0;
export const MODULE = 1;
export const FRAME = 2;
export const OP = 3;

/** What was active on a host thread: annotations, nn.Modules, Python frames, framework operators. */
export interface RangeColumns extends TimedColumns {
  readonly kind: Uint8Array;
  /** enclosing range, -1 at the root */
  readonly parent: Int32Array;
  /**
   * for a backward operator the forward operator whose gradient it computes (index in `Trace.ranges`),
   * -1 = none or not known; absent where the trace has no such links
   */
  readonly forward?: Int32Array;
  /**
   * name id of the module hierarchy the file states for an operator, 0 = none; absent where the file
   * states none
   */
  readonly hierarchy?: Uint32Array;
}

/** Codes of `HostColumns.kind`. */
export const HOST_KINDS = [
  'scheduler',
  'memory',
  'process',
  'io',
  'network',
  'overhead',
  'other',
] as const;
export type HostKind = (typeof HOST_KINDS)[number];

/** Events of the operating system or the profiler itself (context switches, block I/O, overhead). */
export interface HostColumns extends TimedColumns {
  readonly kind: Uint8Array;
  /** as in `LaunchColumns`; absent where no event has one */
  readonly stack?: Int32Array | Int16Array;
}

/** Launch geometry of a kernel: grid and block, x y z each. */
export interface KernelShape {
  readonly grid: readonly [number, number, number];
  readonly block: readonly [number, number, number];
}

/** One line of a call stack. Unknown parts are '' and line 0. */
export interface Frame {
  /** source file as the recording machine names it, or '' */
  readonly file: string;
  /** from 1; 0 = unknown */
  readonly line: number;
  readonly function: string;
  /** shared library or module of a native frame, or '' */
  readonly library: string;
}

/** Call stacks, each frame stored once. */
export interface StackTable {
  readonly frames: readonly Frame[];
  /** frame ids of each stack, leaf (innermost) first */
  readonly stacks: readonly Uint32Array[];
}

export type LaneKind = 'stream' | 'thread';

/** A row of the timeline: a GPU stream or a host thread. */
export interface Lane {
  readonly kind: LaneKind;
  /** index in `Trace.ranks` */
  readonly rank: number;
  /** device ordinal for a stream, -1 for a thread */
  readonly device: number;
  /** stream or thread id as the file has it */
  readonly id: string;
  /** process id as the file has it, '' where unknown */
  readonly process: string;
  /** what people read: "stream 7", "python3 (868)" */
  readonly label: string;
}

/** One process of a distributed job; a trace of one process has one. */
export interface Rank {
  /** rank number; -1 where the file does not say */
  readonly rank: number;
  readonly worldSize: number;
  readonly label: string;
  /** path of the file it was read from */
  readonly path: string;
  readonly device: string;
  /** how its clock lies to those of the other ranks; absent where its file was read alone */
  readonly clock?: RankClock;
  /** when its file was recorded, where the run was recorded several times; absent where all of the trace */
  readonly recorded?: RecordedTime;
}

/** What matching collectives say of the clock of one rank's file. Times in ns. */
export interface RankClock {
  /** label of the rank it was compared with; '' = it is the one the others are compared with */
  readonly against: string;
  /** how far it is ahead of the first rank's clock (below 0: behind); null = it cannot be told */
  readonly skewNs: number | null;
  /** median distance of a collective's end from `skewNs`; null = it cannot be told */
  readonly spreadNs: number | null;
  /** collectives the skew rests on */
  readonly matches: number;
  /** added to the times of its file to get those of the trace; 0 = they are as the file states them */
  readonly shiftNs: number;
  /** all of it as a sentence */
  readonly note: string;
}

/** One file of a run of several, read or not. */
export interface RankFile {
  /** rank number; -1 where neither the file nor its name says */
  readonly rank: number;
  /** -1 where the file does not say */
  readonly worldSize: number;
  readonly label: string;
  /** '' where the file does not say */
  readonly device: string;
  readonly path: string;
  readonly name: string;
  /** size as stored; 0 where it is not known */
  readonly bytes: number;
  /** whether its events are in the trace */
  readonly loaded: boolean;
  /** why it cannot be read, as a sentence; absent where nobody tried, or it was read */
  readonly problem?: string;
}

/**
 * Samples of one quantity over time: SM activity, memory in use, a clock. Samples are no events: they
 * are never part of a sum of durations, nor of `TraceReport.rowsRead`.
 */
export interface CounterTrack {
  /** "SMs Active", "Memory in use" */
  readonly name: string;
  /** '%', 'MHz', 'bytes', 'W', ...; '' where the file does not say */
  readonly unit: string;
  /** index in `Trace.ranks` */
  readonly rank: number;
  /** device ordinal, -1 where it is of the host */
  readonly device: number;
  /** where the file keeps it: "GPU_METRICS", "system_snapshots" */
  readonly source: string;
  /** ns from the trace's start; ascending */
  readonly time: Float64Array;
  /** as long as `time`, in `unit`; finite. A sample without a number is left out and counted */
  readonly value: Float64Array;
}

/** A time in which the recorder ran. ns from the trace's start. */
export interface RecordedTime {
  readonly start: number;
  readonly end: number;
}

/** Something the recorder already found: a causal chain, a mark. */
export interface Marker {
  /** ns from the trace's start */
  readonly time: number;
  /** as the file has it; '' where it states none */
  readonly severity: string;
  readonly title: string;
  readonly text: string;
  readonly advice: readonly string[];
}

/** A defect or gap of the file, in a sentence a person reads. */
export interface Warning {
  /** stable word for tests and filters: 'truncated', 'dangling-stack', 'damaged-rows', ... */
  readonly code: string;
  readonly message: string;
  /** rows concerned; 0 where it is not about rows */
  readonly rows: number;
}

/** One kind of event, as the file counts it itself. */
export interface CountedEvents {
  /** "CUDA", "HOST" */
  readonly source: string;
  /** name of the events in the trace: "cudaLaunchKernel" */
  readonly name: string;
  /** the table of the trace they are in */
  readonly table: 'gpu' | 'launches' | 'host';
  /** rows the file holds */
  readonly rows: number;
  /** events the recorder saw, kept or not; null where the file's count is contradicted by its rows */
  readonly counted: number | null;
}

/** What was in the file, what was read, what was missing. */
export interface TraceReport {
  /** event rows the file holds */
  readonly rowsInFile: number;
  /** event rows in the trace's columns */
  readonly rowsRead: number;
  /**
   * Events the recorder saw, kept or not. null where the file does not say (Ingero keeps part of its
   * rows and states the true counts in event_aggregates; every other format keeps all).
   */
  readonly rowsCounted: number | null;
  /** `rowsCounted` by kind of event, where the file counts so */
  readonly countedByName?: readonly CountedEvents[];
  /** samples of counters: those the file holds, and those in `Trace.counters`; absent where it has none */
  readonly samples?: { readonly inFile: number; readonly read: number };
  /** rows left out, by reason; sums to rowsInFile - rowsRead */
  readonly skipped: readonly { readonly reason: string; readonly rows: number }[];
  readonly warnings: readonly Warning[];
  /** what a reader could have used and the file does not hold: 'python stacks', 'correlation', ... */
  readonly missing: readonly string[];
  /** facts about the recording for people: GPU, driver, profiler version; never private data */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
}

export const RECORDED_FORMATS = ['flat', 'ingero', 'kineto', 'nsys', 'rocpd', 'rpd'] as const;
/** What a recorder writes. */
export type RecordedFormat = (typeof RECORDED_FORMATS)[number];
/** What a reader reads. */
export type FormatId = RecordedFormat | 'layerscope';

export interface TraceFile {
  readonly path: string;
  readonly name: string;
  /** size on disk */
  readonly bytes: number;
}

/** One opened recording, in columns. Immutable once read. */
export interface Trace {
  readonly files: readonly TraceFile[];
  /** what recorded it, also where it was read from an import */
  readonly format: RecordedFormat;
  /** "Ingero 0.9", "PyTorch profiler (Kineto) schema 1", "events table" */
  readonly formatLabel: string;
  readonly clock: {
    /** absolute time of 0 in the columns, ns since the Unix epoch or the recorder's own zero */
    readonly originNs: bigint;
    readonly epoch: 'unix' | 'session';
    /** what is subtracted from the file's own times to get `originNs`: file time = absolute - fileBaseNs */
    readonly fileBaseNs: bigint;
  };
  /** ns from the first start to the last end of any event */
  readonly spanNs: number;
  /**
   * when the recorder ran, where the file has pauses between its sessions: ascending and apart; absent
   * where it ran all of `spanNs`
   */
  readonly recorded?: readonly RecordedTime[];
  readonly names: NameTable;
  readonly ranks: readonly Rank[];
  /** every file of the run, in order of ranks; absent where only one file was given */
  readonly run?: readonly RankFile[];
  readonly lanes: readonly Lane[];
  readonly gpu: GpuColumns;
  /** absent where the file says nothing of collectives but their names */
  readonly collectives?: CollectiveColumns;
  readonly launches: LaunchColumns;
  readonly ranges: RangeColumns;
  readonly host: HostColumns;
  readonly kernelShapes: readonly KernelShape[];
  readonly stacks: StackTable;
  /** by rank, device and the file's own order */
  readonly counters: readonly CounterTrack[];
  readonly markers: readonly Marker[];
  readonly report: TraceReport;
  /** only where it was read from an import */
  readonly kept?: KeptLabels;
}
