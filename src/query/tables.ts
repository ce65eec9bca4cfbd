import type { StallList } from '../analysis/results.js';
import {
  timeKindOf,
  type CounterTrack,
  type FormatId,
  type GpuColumns,
  type HostColumns,
  type KernelShape,
  type Lane,
  type LaunchColumns,
  type LayerLabels,
  type Rank,
  type RankFile,
  type RangeColumns,
  type StackTable,
  type TimeKind,
  type Trace,
} from '../trace/index.js';

/** What of a stall is not already said by the call it is. */
export interface StallFigures {
  /** index in the measured columns */
  readonly call: number;
  readonly typical_ns: number;
  readonly lost_ns: number;
  readonly has_source: boolean;
}

/**
 * What the SQL views are made of: plain data that can be posted to another worker. The typed arrays
 * are the trace's own, not copies: post a clone of them, a move would take them from the trace.
 */
export interface QueryTables {
  readonly format: FormatId;
  readonly timeKind: TimeKind;
  /** files the trace was read from; several where ranks were opened together */
  readonly fileCount: number;
  /** absolute time of 0, ns, as decimal text */
  readonly originNs: string;
  /** strings by name id */
  readonly names: readonly string[];
  readonly ranks: readonly Rank[];
  /** files of the run that were not read; their rows stand behind those of `ranks` */
  readonly unread: readonly RankFile[];
  readonly lanes: readonly Lane[];
  readonly kernelShapes: readonly KernelShape[];
  readonly gpu: GpuColumns;
  readonly launches: LaunchColumns;
  readonly ranges: RangeColumns;
  readonly host: HostColumns;
  readonly stacks: StackTable;
  readonly counters: readonly CounterTrack[];
  /** labels of the measured calls: GPU events, or API calls where the trace has no others */
  readonly labels: Pick<LayerLabels, 'type' | 'index' | 'module' | 'method' | 'step' | 'steps'>;
  readonly stalls: readonly StallFigures[];
}

/**
 * @param stalls every stall of the trace: `findStalls(trace, labels, { limit: Infinity })`
 * @throws RangeError where the list of stalls was cut: a view over part of them would count wrong
 */
export function queryTables(trace: Trace, labels: LayerLabels, stalls: StallList): QueryTables {
  if (stalls.stalls.length !== stalls.found) {
    throw new RangeError(
      `the stalls view needs all ${stalls.found} stalls, the list holds ${stalls.stalls.length}`,
    );
  }
  const { type, index, module, method, step, steps } = labels;
  return {
    format: trace.format,
    timeKind: timeKindOf(trace),
    fileCount: trace.files.length,
    originNs: trace.clock.originNs.toString(),
    names: trace.names.all(),
    ranks: trace.ranks,
    unread: (trace.run ?? []).filter((file) => !file.loaded),
    lanes: trace.lanes,
    kernelShapes: trace.kernelShapes,
    gpu: trace.gpu,
    launches: trace.launches,
    ranges: trace.ranges,
    host: trace.host,
    stacks: trace.stacks,
    counters: trace.counters,
    labels: { type, index, module, method, step, steps },
    stalls: stalls.stalls.map(({ call, typical_ns, lost_ns, has_source }) => ({
      call,
      typical_ns,
      lost_ns,
      has_source,
    })),
  };
}
