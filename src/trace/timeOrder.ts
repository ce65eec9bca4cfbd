/** Numbers by row. */
interface Rows {
  readonly length: number;
  get(i: number): number;
}

/**
 * Row numbers by start; of equal starts the longer first, so that a parent precedes its children;
 * then by row.
 *
 * @param count rows; the columns may be longer
 */
export function timeOrder(
  start: Float64Array,
  duration: Float64Array,
  count: number,
): Uint32Array<ArrayBuffer> {
  return sortRows(inOrder(count), precedence(start, duration));
}

function precedence(start: Float64Array, duration: Float64Array): Precedes {
  return (a, b) =>
    start[a] !== start[b]
      ? start[a] < start[b]
      : duration[a] !== duration[b]
        ? duration[a] > duration[b]
        : a < b;
}

/** As `timeOrder`, of rows that are a few tables in time order laid end to end: takes 4 bytes a row more. */
export function timeOrderOfTables(start: Float64Array, duration: Float64Array): Uint32Array {
  return mergeRuns(inOrder(start.length), precedence(start, duration));
}

/** As `timeOrder`; undefined where the rows are in that order already. */
export function orderByStart(start: Rows, duration: Rows): Uint32Array | undefined {
  const precedes = (a: number, b: number): boolean => {
    const startA = start.get(a);
    const startB = start.get(b);
    if (startA !== startB) {
      return startA < startB;
    }
    const durationA = duration.get(a);
    const durationB = duration.get(b);
    return durationA !== durationB ? durationA > durationB : a < b;
  };
  let i = 1;
  while (i < start.length && precedes(i - 1, i)) {
    i++;
  }
  return i >= start.length ? undefined : sortRows(inOrder(start.length), precedes);
}

/** 0, 1, 2, ... */
export function inOrder(count: number): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    order[i] = i;
  }
  return order;
}

/** How far rows may be from their places, on average, for moving them there one by one. */
const MOST_MOVES_A_ROW = 64;

type Precedes = (a: number, b: number) => boolean;

/**
 * Sorts row numbers. A recorder writes most rows near their places, a call when it ends and stamped with
 * its start: those are moved there, which takes no memory. A profiler writes its rows in a few long
 * ascending runs (operators, Python frames): merging those is several times faster than sorting anew.
 */
function sortRows(rows: Uint32Array<ArrayBuffer>, precedes: Precedes): Uint32Array<ArrayBuffer> {
  return moveRows(rows, precedes) ? rows : mergeRuns(rows, precedes);
}

/** @returns false where it gave up: the same rows, in part sorted */
function moveRows(rows: Uint32Array, precedes: Precedes): boolean {
  let left = rows.length * MOST_MOVES_A_ROW;
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i];
    let to = i;
    while (to > 0 && left > 0 && precedes(row, rows[to - 1])) {
      rows[to] = rows[to - 1];
      to--;
      left--;
    }
    rows[to] = row;
    if (left <= 0) {
      return false;
    }
  }
  return true;
}

/** A natural merge sort. */
function mergeRuns(rows: Uint32Array<ArrayBuffer>, precedes: Precedes): Uint32Array<ArrayBuffer> {
  let from = rows;
  const count = rows.length;
  // Where each ascending run begins, and the end of the last.
  let runs: number[] = [0];
  for (let i = 1; i < count; i++) {
    if (!precedes(from[i - 1], from[i])) {
      runs.push(i);
    }
  }
  runs.push(count);
  let to = new Uint32Array(runs.length > 2 ? count : 0);
  while (runs.length > 2) {
    const merged: number[] = [0];
    for (let r = 0; r + 1 < runs.length; r += 2) {
      const middle = runs[r + 1];
      const end = r + 2 < runs.length ? runs[r + 2] : middle;
      let left = runs[r];
      let right = middle;
      for (let k = runs[r]; k < end; k++) {
        const takeLeft = left < middle && (right >= end || precedes(from[left], from[right]));
        to[k] = takeLeft ? from[left++] : from[right++];
      }
      merged.push(end);
    }
    runs = merged;
    [from, to] = [to, from];
  }
  return from;
}
