import type { StallColumns } from '../analysis/results.js';
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
  readonly stalls: StallColumns;
}

/** @param stalls every stall of the trace: `stallColumns(trace, labels)` */
export function queryTables(trace: Trace, labels: LayerLabels, stalls: StallColumns): QueryTables {
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
    stalls,
  };
}
