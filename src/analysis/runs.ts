import { LAYER_TYPES } from '../trace/index.js';
import type { LayerLabels, TimedColumns } from '../trace/index.js';

/** Consecutive calls of a lane that belong together, as boxes: one layer, one module, one step. */
export interface Runs {
  /** ns */
  readonly start: Float64Array;
  /** ns; a run ends with its last call, and no later than the next run begins */
  readonly duration: Float64Array;
  /** what the calls of a run share */
  readonly code: Int32Array;
  /** layer type with the most time in the run */
  readonly type: Uint8Array;
}

/**
 * Splits the calls of a lane into runs.
 *
 * @param calls of one lane, by start
 * @param codeOf what a call belongs to; negative where it belongs to nothing, which ends a run
 * @param same whether two consecutive calls of one code are of the same run
 */
export function runsOf(
  columns: TimedColumns,
  labels: LayerLabels,
  calls: Uint32Array,
  codeOf: (call: number) => number,
  same: (call: number, next: number) => boolean = () => true,
): Runs {
  const starts: number[] = [];
  const ends: number[] = [];
  const codes: number[] = [];
  const types: number[] = [];
  const timeByType = new Float64Array(LAYER_TYPES.length);
  let current = -1;
  const close = (): void => {
    if (current >= 0) {
      types.push(greatest(timeByType));
      timeByType.fill(0);
    }
  };
  for (let i = 0; i < calls.length; i++) {
    const call = calls[i];
    const code = codeOf(call);
    const end = columns.start[call] + columns.duration[call];
    if (code !== current || (i > 0 && !same(calls[i - 1], call))) {
      close();
      current = code;
      if (code >= 0) {
        starts.push(columns.start[call]);
        ends.push(end);
        codes.push(code);
      }
    } else if (code >= 0) {
      ends[ends.length - 1] = Math.max(ends[ends.length - 1], end);
    }
    if (code >= 0) {
      timeByType[labels.type[call]] += columns.duration[call];
    }
  }
  close();
  const duration = new Float64Array(starts.length);
  for (let run = 0; run < starts.length; run++) {
    const next = run + 1 < starts.length ? starts[run + 1] : Infinity;
    duration[run] = Math.min(ends[run], next) - starts[run];
  }
  return {
    start: Float64Array.from(starts),
    duration,
    code: Int32Array.from(codes),
    type: Uint8Array.from(types),
  };
}

function greatest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    // Calls of no duration leave every time at 0: then the run has no type of its own.
    if (values[i] > values[best]) {
      best = i;
    }
  }
  return best;
}
