import type { GpuColumns, Trace } from '../../trace/index.js';

/** GPU events that one host thread launched, in the order of the calls that launched them. */
export interface LaunchSequence {
  /** index in `Trace.ranks` */
  readonly rank: number;
  /** rows of `Trace.gpu` */
  readonly events: Int32Array;
}

/** Powers of two: a launch and a row fit one double, exactly. */
const ROW_RANGE = 2 ** 26;

/**
 * The order a model's code issued its work in. Streams overlap and overtake each other; the calls of a
 * thread do not. Events without a launch, and kernels of one graph launch, stand in the order they ran.
 *
 * @throws RangeError beyond 2^26 GPU events
 */
export function launchSequences(trace: Trace): LaunchSequence[] {
  const { gpu, launches, lanes } = trace;
  if (gpu.count >= ROW_RANGE) {
    throw new RangeError(`${gpu.count} GPU events are more than can be put in order`);
  }
  const keysOf = new Map<number, { rank: number; rows: number[] }>();
  for (let i = 0; i < gpu.count; i++) {
    const launch = gpu.launch[i];
    const lane = launch >= 0 ? launches.lane[launch] : gpu.lane[i];
    let group = keysOf.get(lane);
    if (group === undefined) {
      group = { rank: lanes[gpu.lane[i]].rank, rows: [] };
      keysOf.set(lane, group);
    }
    group.rows.push(i);
  }
  return [...keysOf.values()].map(({ rank, rows }) => ({ rank, events: inOrder(gpu, rows) }));
}

function inOrder(gpu: GpuColumns, rows: readonly number[]): Int32Array {
  const keys = Float64Array.from(rows, (row) => (gpu.launch[row] + 1) * ROW_RANGE + row);
  keys.sort();
  return Int32Array.from(keys, (key) => key % ROW_RANGE);
}
