import { layerTypeCode, UNCLASSIFIED, type LayerLabels, type Trace } from '../../trace/index.js';
import { launchSequences } from './launchOrder.js';

/** A forward pass: rows of `Trace.gpu` in launch order. */
export type PassRows = Int32Array;

/**
 * The passes of a trace: a graph launch that holds a whole one, else what runs from one embedding
 * look-up to the next.
 *
 * @param labels which rows look up embeddings
 * @param wholeGraph kernels from which on a graph launch is a pass of its own
 */
export function passesOf(trace: Trace, labels: LayerLabels, wholeGraph: number): PassRows[] {
  const { gpu } = trace;
  const embedding = layerTypeCode('embedding');
  const replaySize = new Map<number, number>();
  for (let i = 0; i < gpu.count; i++) {
    if (gpu.replayed[i] === 1) {
      replaySize.set(gpu.launch[i], (replaySize.get(gpu.launch[i]) ?? 0) + 1);
    }
  }
  const isWhole = (row: number): boolean =>
    gpu.replayed[row] === 1 && (replaySize.get(gpu.launch[row]) ?? 0) >= wholeGraph;
  const passes: PassRows[] = [];
  for (const { events } of launchSequences(trace)) {
    let from = 0;
    let inLayers = false;
    const close = (to: number): void => {
      if (to > from) {
        passes.push(events.subarray(from, to));
      }
      from = to;
      inLayers = false;
    };
    for (let at = 0; at < events.length; at++) {
      const row = events[at];
      const before = at > 0 ? events[at - 1] : -1;
      const graphChanges =
        before >= 0 && (isWhole(row) || isWhole(before)) && gpu.launch[row] !== gpu.launch[before];
      if (graphChanges || (labels.type[row] === embedding && inLayers && !isWhole(row))) {
        close(at);
      }
      inLayers ||= labels.type[row] !== embedding && labels.type[row] !== UNCLASSIFIED;
    }
    close(events.length);
  }
  return passes;
}

/** Passes that run kernels of the same names in the same order, as one. */
export interface DistinctPass {
  /** the first of them */
  readonly rows: PassRows;
  /** all of them */
  readonly same: PassRows[];
}

/** Groups passes by what they run. Names are compared, not only their hashes. */
export function distinctPasses({ gpu }: Trace, passes: readonly PassRows[]): DistinctPass[] {
  const equal = (a: PassRows, b: PassRows): boolean =>
    a.length === b.length && a.every((row, i) => gpu.name[row] === gpu.name[b[i]]);
  const byHash = new Map<number, DistinctPass[]>();
  const distinct: DistinctPass[] = [];
  for (const rows of passes) {
    const hash = rows.reduce((sum, row) => (Math.imul(sum, 31) + gpu.name[row]) | 0, 0);
    const known = byHash.get(hash) ?? [];
    byHash.set(hash, known);
    const twin = known.find((candidate) => equal(candidate.rows, rows));
    if (twin === undefined) {
      const first: DistinctPass = { rows, same: [rows] };
      known.push(first);
      distinct.push(first);
    } else {
      twin.same.push(rows);
    }
  }
  return distinct;
}
