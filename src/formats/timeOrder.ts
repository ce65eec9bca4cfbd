/**
 * Row numbers by start; of equal starts the longer first, so that a parent precedes its children;
 * then by row. A natural merge sort: a profiler writes its rows in a few ascending runs (operators,
 * Python frames), and merging those is several times faster than sorting them anew.
 *
 * @param count rows; the columns may be longer
 */
export function timeOrder(start: Float64Array, duration: Float64Array, count: number): Uint32Array {
  let from = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    from[i] = i;
  }
  const precedes = (a: number, b: number): boolean =>
    start[a] !== start[b]
      ? start[a] < start[b]
      : duration[a] !== duration[b]
        ? duration[a] > duration[b]
        : a < b;

  // Where each ascending run begins, and the end of the last.
  let runs: number[] = [0];
  for (let i = 1; i < count; i++) {
    if (!precedes(i - 1, i)) {
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
