import type { Trace } from '../../trace/index.js';

/** GPU events that one host thread launched, in the order of the calls that launched them. */
export interface LaunchSequence {
  /** index in `Trace.ranks` */
  readonly rank: number;
  /** rows of `Trace.gpu` */
  readonly events: Int32Array;
}

/**
 * The order a model's code issued its work in. Streams overlap and overtake each other; the calls of a
 * thread do not. Kernels of one graph launch stand in the order they ran; so do events without a launch,
 * which form a sequence for each stream.
 *
 * @returns one sequence a lane that has events, in the order of their first rows
 */
export function launchSequences(trace: Trace): LaunchSequence[] {
  const { gpu, launches, lanes } = trace;
  const laneOf = (row: number): number =>
    gpu.launch[row] >= 0 ? launches.lane[gpu.launch[row]] : gpu.lane[row];
  const size = new Int32Array(lanes.length);
  const found: { lane: number; rank: number }[] = [];
  /** by launch + 1: first its events, then where they begin among all */
  const begin = new Int32Array(launches.count + 2);
  for (let row = 0; row < gpu.count; row++) {
    const lane = laneOf(row);
    if (size[lane]++ === 0) {
      found.push({ lane, rank: lanes[gpu.lane[row]].rank });
    }
    begin[gpu.launch[row] + 2]++;
  }
  for (let launch = 1; launch < begin.length; launch++) {
    begin[launch] += begin[launch - 1];
  }
  const byLaunch = new Int32Array(gpu.count);
  for (let row = 0; row < gpu.count; row++) {
    byLaunch[begin[gpu.launch[row] + 1]++] = row;
  }
  const sequences = found.map(({ lane, rank }) => ({ rank, events: new Int32Array(size[lane]) }));
  const sequenceOf = new Int32Array(lanes.length);
  found.forEach(({ lane }, sequence) => (sequenceOf[lane] = sequence));
  const written = new Int32Array(found.length);
  for (const row of byLaunch) {
    const sequence = sequenceOf[laneOf(row)];
    sequences[sequence].events[written[sequence]++] = row;
  }
  return sequences;
}
