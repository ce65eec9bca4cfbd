/**
 * ns by which a box may seem to reach into the next: the rounding of a sum of two doubles, far below
 * any timer's tick.
 */
export const TOUCHING_NS = 1e-3;

/**
 * Lays boxes that arrive by ascending start into as few rows as hold them without overlap: each goes
 * into the first row that is free again. A box is never dropped; where all rows are taken it opens
 * another. O(log rows) a box.
 */
export class RowLayout {
  private rowCount = 0;
  private capacity = 8;
  /** Least end of the rows below each node of a binary tree; leaves from `capacity` on. Free rows are -Infinity. */
  private ends = new Float64Array(2 * this.capacity).fill(-Infinity);

  get rows(): number {
    return this.rowCount;
  }

  /**
   * The row for a box, the first free one from `least` on.
   *
   * @param start ns, not before that of the box placed last
   * @param end ns
   */
  place(start: number, end: number, least = 0): number {
    while (least >= this.capacity) {
      this.grow();
    }
    const freeBy = start + TOUCHING_NS;
    let row = this.ends[this.capacity + least] <= freeBy ? least : this.firstFree(least, freeBy);
    while (row < 0) {
      this.grow();
      row = this.firstFree(least, freeBy);
    }
    this.rowCount = Math.max(this.rowCount, row + 1);
    let node = this.capacity + row;
    this.ends[node] = end;
    for (node >>= 1; node >= 1; node >>= 1) {
      this.ends[node] = Math.min(this.ends[2 * node], this.ends[2 * node + 1]);
    }
    return row;
  }

  /** The first row from `least` on that ends by `freeBy`; -1 where none does. */
  private firstFree(least: number, freeBy: number): number {
    let node = this.capacity + least;
    if (this.ends[node] <= freeBy) {
      return least;
    }
    // Climb until a subtree to the right holds a free row, then descend to its first.
    while (node > 1) {
      if (node % 2 === 0 && this.ends[node + 1] <= freeBy) {
        node++;
        while (node < this.capacity) {
          node = this.ends[2 * node] <= freeBy ? 2 * node : 2 * node + 1;
        }
        return node - this.capacity;
      }
      node >>= 1;
    }
    return -1;
  }

  private grow(): void {
    const before = this.ends.subarray(this.capacity, 2 * this.capacity);
    this.capacity *= 2;
    const ends = new Float64Array(2 * this.capacity).fill(-Infinity);
    ends.set(before, this.capacity);
    for (let node = this.capacity - 1; node >= 1; node--) {
      ends[node] = Math.min(ends[2 * node], ends[2 * node + 1]);
    }
    this.ends = ends;
  }
}
