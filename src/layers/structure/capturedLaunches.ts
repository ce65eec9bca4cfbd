import type { Trace } from '../../trace/index.js';

/** Calls that put something on a stream, in CUDA's and HIP's spelling. */
const KERNEL_LAUNCH =
  /^(cuda|cu|hip)(Ext)?(Module)?(Launch|LaunchCooperative)Kernel|LaunchKernelEx/;
const COPY_OR_SET = /^(cuda|cu|hip)Mem(cpy|set)\w*Async/;
const BEGINS_CAPTURE = /StreamBeginCapture/;
const ENDS_CAPTURE = /StreamEndCapture/;

/** The calls recorded into one graph, in order; rows of `Trace.launches`. */
export interface CapturedGraph {
  /** kernels, copies and memsets */
  readonly all: Int32Array;
  readonly kernels: Int32Array;
}

/**
 * Graphs whose capture a trace saw. While a stream is captured its calls run nothing: they have a stack
 * and modules around them and no GPU event. A graph of one stream replays them in this order.
 */
export function capturedGraphs(trace: Trace): CapturedGraph[] {
  const { launches, gpu, names } = trace;
  const ran = new Uint8Array(launches.count);
  for (let i = 0; i < gpu.count; i++) {
    if (gpu.launch[i] >= 0) {
      ran[gpu.launch[i]] = 1;
    }
  }
  const kindOf = new Map<number, 'kernel' | 'other' | 'begin' | 'end' | null>();
  const open = new Map<number, { all: number[]; kernels: number[] }>();
  const graphs: CapturedGraph[] = [];
  for (let i = 0; i < launches.count; i++) {
    const name = launches.name[i];
    let kind = kindOf.get(name);
    if (kind === undefined) {
      kind = kindOfCall(names.get(name));
      kindOf.set(name, kind);
    }
    const lane = launches.lane[i];
    const capture = open.get(lane);
    if (kind === 'begin') {
      open.set(lane, { all: [], kernels: [] });
    } else if (capture !== undefined && kind === 'end') {
      graphs.push({
        all: Int32Array.from(capture.all),
        kernels: Int32Array.from(capture.kernels),
      });
      open.delete(lane);
    } else if (capture !== undefined && ran[i] === 0 && (kind === 'kernel' || kind === 'other')) {
      capture.all.push(i);
      if (kind === 'kernel') {
        capture.kernels.push(i);
      }
    }
  }
  return graphs;
}

function kindOfCall(name: string): 'kernel' | 'other' | 'begin' | 'end' | null {
  return KERNEL_LAUNCH.test(name)
    ? 'kernel'
    : COPY_OR_SET.test(name)
      ? 'other'
      : BEGINS_CAPTURE.test(name)
        ? 'begin'
        : ENDS_CAPTURE.test(name)
          ? 'end'
          : null;
}
