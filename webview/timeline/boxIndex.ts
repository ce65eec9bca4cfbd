import type { TileSet } from '../../src/analysis/results.js';

/** Boxes of a tile set by row and time, for drawing, hit testing and stepping. */
export class BoxIndex {
  /** box numbers ordered by row, then start */
  readonly order: Uint32Array;
  /** the boxes of row r are `order[offsets[r]] .. order[offsets[r + 1] - 1]` */
  readonly offsets: Uint32Array;

  constructor(readonly tiles: TileSet) {
    const { count, row, start } = tiles;
    this.offsets = new Uint32Array(tiles.rows.length + 1);
    for (let i = 0; i < count; i++) {
      this.offsets[row[i] + 1]++;
    }
    for (let r = 0; r < tiles.rows.length; r++) {
      this.offsets[r + 1] += this.offsets[r];
    }
    this.order = new Uint32Array(count);
    const next = this.offsets.slice();
    for (let i = 0; i < count; i++) {
      this.order[next[row[i]]++] = i;
    }
    for (let r = 0; r < tiles.rows.length; r++) {
      const boxes = this.order.subarray(this.offsets[r], this.offsets[r + 1]);
      if (boxes.some((box, at) => at > 0 && start[box] < start[boxes[at - 1]])) {
        boxes.sort((a, b) => start[a] - start[b]);
      }
    }
  }

  /** Positions in `order` of the boxes of a row that overlap an interval: from (inclusive), to. */
  overlapping(row: number, startNs: number, endNs: number): { from: number; to: number } {
    const { start, duration } = this.tiles;
    let from = this.firstStartingAt(row, startNs);
    // Boxes of one row do not overlap: at most the one before reaches into the interval.
    if (from > this.offsets[row]) {
      const before = this.order[from - 1];
      if (start[before] + duration[before] > startNs) {
        from--;
      }
    }
    return { from, to: Math.max(from, this.firstStartingAt(row, endNs)) };
  }

  /**
   * The box of a row at an instant, or the nearest one not farther than `slackNs`; -1 = none.
   * @param slackNs ns of two or three pixels: narrow boxes must be hit too
   */
  at(row: number, ns: number, slackNs: number): number {
    const { start, duration } = this.tiles;
    const { from, to } = this.overlapping(row, ns - slackNs, ns + slackNs);
    let best = -1;
    let distance = Infinity;
    for (let i = from; i < to; i++) {
      const box = this.order[i];
      const away = Math.max(start[box] - ns, ns - (start[box] + duration[box]), 0);
      if (away < distance) {
        best = box;
        distance = away;
      }
    }
    return best;
  }

  /** The box before (-1) or after (+1) an instant's box in a row; -1 at the end of the tiles. */
  step(row: number, fromNs: number, direction: 1 | -1): number {
    const at =
      direction === 1
        ? this.firstStartingAfter(row, fromNs)
        : this.firstStartingAt(row, fromNs) - 1;
    return at >= this.offsets[row] && at < this.offsets[row + 1] ? this.order[at] : -1;
  }

  private firstStartingAt(row: number, ns: number): number {
    return this.search(row, (start) => start >= ns);
  }

  private firstStartingAfter(row: number, ns: number): number {
    return this.search(row, (start) => start > ns);
  }

  private search(row: number, reached: (start: number) => boolean): number {
    let low = this.offsets[row];
    let high = this.offsets[row + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (reached(this.tiles.start[this.order[middle]])) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
