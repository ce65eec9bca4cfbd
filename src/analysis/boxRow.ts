import type { TimeWindow } from './results.js';

/** One step of the pyramid: this many boxes, or blocks of the level below, share an entry. */
const FAN = 16;

/** Gets the boxes to draw: box number, and how many boxes it stands for. */
export type VisitBox = (box: number, calls: number) => void;

/**
 * Boxes of one timeline row, by start, none overlapping the next. It answers a window at a given
 * resolution from a binary search and a pyramid of longest boxes, so that a view over ten million
 * boxes costs as much as one over a thousand.
 */
export class BoxRow {
  readonly count: number;
  /** longest box of each block of FAN; then of each FAN of those; and so on */
  private readonly longest: Uint32Array[] = [];

  /**
   * @param start ns, of a whole table
   * @param duration ns, of the same table
   * @param tableRows the table's rows in this row of boxes, by start; undefined = all of them
   */
  constructor(
    private readonly start: Float64Array,
    private readonly duration: Float64Array,
    private readonly tableRows?: Uint32Array,
  ) {
    this.count = tableRows?.length ?? start.length;
    let below: Uint32Array | undefined;
    for (let size = this.count; size > FAN;) {
      const blocks = new Uint32Array(Math.ceil(size / FAN));
      for (let block = 0; block < blocks.length; block++) {
        const to = Math.min(size, (block + 1) * FAN);
        let best = below === undefined ? block * FAN : below[block * FAN];
        for (let i = block * FAN + 1; i < to; i++) {
          best = this.longer(best, below === undefined ? i : below[i]);
        }
        blocks[block] = best;
      }
      this.longest.push(blocks);
      below = blocks;
      size = blocks.length;
    }
  }

  /** The table's row behind a box. */
  tableRow(box: number): number {
    return this.tableRows === undefined ? box : this.tableRows[box];
  }

  startOf(box: number): number {
    return this.start[this.tableRow(box)];
  }

  durationOf(box: number): number {
    return this.duration[this.tableRow(box)];
  }

  /** ns covered by boxes */
  busyNs(): number {
    let busy = 0;
    for (let box = 0; box < this.count; box++) {
      busy += this.durationOf(box);
    }
    return busy;
  }

  /**
   * Boxes that touch the half-open window. Those that begin in the same pixel and are narrower than
   * it are one visit: the longest, with their number. The pixels are counted from time 0, not from
   * the window's start, so that panning does not regroup them.
   *
   * @param pixelNs ns a pixel, greater than 0
   */
  visible(window: TimeWindow, pixelNs: number, visit: VisitBox): void {
    if (!(window.endNs > window.startNs)) {
      return;
    }
    const to = this.firstFrom(window.endNs, 0);
    let box = this.firstFrom(window.startNs, 0);
    // Boxes do not overlap: of those that began earlier, only the last can reach into the window.
    if (box > 0 && this.startOf(box - 1) + this.durationOf(box - 1) > window.startNs) {
      box--;
    }
    while (box < to) {
      const pixelEnd = (Math.floor(this.startOf(box) / pixelNs) + 1) * pixelNs;
      const next = this.gallop(pixelEnd, box + 1, to);
      // Only the last box of a pixel can be as wide as one: it is drawn for itself.
      const wide = next - box > 1 && this.durationOf(next - 1) >= pixelNs ? 1 : 0;
      const narrow = next - wide - box;
      visit(this.longestOf(box, next - wide), narrow);
      if (wide === 1) {
        visit(next - 1, 1);
      }
      box = next;
    }
  }

  /** The longest box from `from` (included) to `to` (excluded); of equals the first. */
  longestOf(from: number, to: number): number {
    let best = from;
    let low = from;
    let high = to;
    // Take what does not fill a block at either end, then go on with whole blocks one level up.
    for (let level = 0; low < high; level++) {
      const entries = level === 0 ? undefined : this.longest[level - 1];
      const above = this.longest[level];
      while (low < high && (above === undefined || low % FAN !== 0)) {
        best = this.longer(best, entries === undefined ? low : entries[low]);
        low++;
      }
      while (low < high && high % FAN !== 0) {
        high--;
        best = this.longer(best, entries === undefined ? high : entries[high]);
      }
      low /= FAN;
      high /= FAN;
    }
    return best;
  }

  private longer(a: number, b: number): number {
    const more = this.durationOf(b) - this.durationOf(a);
    return more > 0 || (more === 0 && b < a) ? b : a;
  }

  /** The first box that starts at or after `time`, looked for near `from` first. */
  private gallop(time: number, from: number, to: number): number {
    let step = 1;
    let low = from;
    while (low + step < to && this.startOf(low + step - 1) < time) {
      low += step;
      step *= 2;
    }
    return this.firstFrom(time, low, Math.min(to, low + step));
  }

  private firstFrom(time: number, from: number, to = this.count): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.startOf(middle) < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
