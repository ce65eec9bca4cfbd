import type { TimeWindow } from './results.js';
import { firstAtOrAfter } from './search.js';

/** One step of the pyramids: this many samples, or blocks of the level below, share an entry. */
const FAN = 16;

/** The samples of one pixel, first to last, and what they say together. */
export interface CurvePoint {
  /** ns of the first sample */
  readonly start: number;
  /** ns up to which the last sample holds: until the next one */
  readonly end: number;
  readonly low: number;
  readonly high: number;
  /** value of the last sample */
  readonly last: number;
  readonly samples: number;
}

/**
 * The samples of one counter. It answers a window at a given resolution from binary searches and
 * pyramids of extremes, so that a view over ten million samples costs as much as one over a thousand.
 */
export class CurveRow {
  private readonly lows: Float64Array[];
  private readonly highs: Float64Array[];

  /** @param time ns, ascending, one entry a value; at least one */
  constructor(
    private readonly time: Float64Array,
    private readonly value: Float64Array,
  ) {
    this.lows = pyramid(value, Math.min);
    this.highs = pyramid(value, Math.max);
  }

  get low(): number {
    return this.extreme(this.lows, Math.min, Infinity, 0, this.value.length);
  }

  get high(): number {
    return this.extreme(this.highs, Math.max, -Infinity, 0, this.value.length);
  }

  /**
   * Points that touch the half-open window: one a pixel with samples, and the one before, whose value
   * holds at the window's start. The pixels are counted from time 0, so that panning does not regroup
   * them. What comes after the last sample is not known: it is taken to hold as long as the one before.
   *
   * @param pixelNs ns a pixel, greater than 0
   */
  visible(window: TimeWindow, pixelNs: number, visit: (point: CurvePoint) => void): void {
    if (!(window.endNs > window.startNs)) {
      return;
    }
    const { time, value } = this;
    const count = time.length;
    const to = firstAtOrAfter(time, window.endNs);
    let from = firstAtOrAfter(time, window.startNs, 0, to);
    if (from > 0) {
      const pixel = Math.floor(time[from - 1] / pixelNs) * pixelNs;
      from = Math.min(from - 1, firstAtOrAfter(time, pixel, 0, from));
    }
    while (from < to) {
      const pixelEnd = (Math.floor(time[from] / pixelNs) + 1) * pixelNs;
      const next = this.gallop(pixelEnd, from + 1);
      const end =
        next < count
          ? time[next]
          : time[count - 1] + time[count - 1] - time[Math.max(0, count - 2)];
      if (end > window.startNs || time[from] >= window.startNs) {
        visit({
          start: time[from],
          end,
          low: this.extreme(this.lows, Math.min, Infinity, from, next),
          high: this.extreme(this.highs, Math.max, -Infinity, from, next),
          last: value[next - 1],
          samples: next - from,
        });
      }
      from = next;
    }
  }

  private extreme(
    levels: readonly Float64Array[],
    better: (a: number, b: number) => number,
    none: number,
    from: number,
    to: number,
  ): number {
    let best = none;
    let low = from;
    let high = to;
    // Take what does not fill a block at either end, then go on with whole blocks one level up.
    for (let level = 0; low < high; level++) {
      const entries = level === 0 ? this.value : levels[level - 1];
      const isTop = level === levels.length;
      while (low < high && (isTop || low % FAN !== 0)) {
        best = better(best, entries[low++]);
      }
      while (low < high && high % FAN !== 0) {
        best = better(best, entries[--high]);
      }
      low /= FAN;
      high /= FAN;
    }
    return best;
  }

  /** The first sample at or after `time`, looked for near `from` first. */
  private gallop(time: number, from: number): number {
    const count = this.time.length;
    let step = 1;
    let low = from;
    while (low + step < count && this.time[low + step - 1] < time) {
      low += step;
      step *= 2;
    }
    return firstAtOrAfter(this.time, time, low, Math.min(count, low + step));
  }
}

/** The best value of each block of FAN; then of each FAN of those; and so on. */
function pyramid(values: Float64Array, better: (a: number, b: number) => number): Float64Array[] {
  const levels: Float64Array[] = [];
  let below = values;
  while (below.length > FAN) {
    const blocks = new Float64Array(Math.ceil(below.length / FAN));
    for (let block = 0; block < blocks.length; block++) {
      let best = below[block * FAN];
      const to = Math.min(below.length, (block + 1) * FAN);
      for (let i = block * FAN + 1; i < to; i++) {
        best = better(best, below[i]);
      }
      blocks[block] = best;
    }
    levels.push(blocks);
    below = blocks;
  }
  return levels;
}
