import type { RowSpan } from './search.js';

/** Durations of calls by group, each group sorted. */
export interface GroupedDurations {
  /** codes that have calls, ascending */
  readonly codes: readonly number[];
  /** ns, ascending; empty for a code without calls */
  sorted(code: number): Float64Array;
}

/**
 * Sorts durations into groups: one counting pass, then each group's own sort, so that no group needs
 * an array that grows.
 *
 * @param duration ns, by call
 * @param codeOf the group of a call, 0 to `codeCount` - 1; -1 leaves the call out
 */
export function groupDurations(
  duration: Float64Array,
  rows: RowSpan,
  codeCount: number,
  codeOf: (call: number) => number,
): GroupedDurations {
  const offset = new Uint32Array(codeCount + 1);
  for (let call = rows.from; call < rows.to; call++) {
    const code = codeOf(call);
    if (code >= 0) {
      offset[code + 1]++;
    }
  }
  const codes: number[] = [];
  for (let code = 0; code < codeCount; code++) {
    if (offset[code + 1] > 0) {
      codes.push(code);
    }
    offset[code + 1] += offset[code];
  }
  const grouped = new Float64Array(offset[codeCount]);
  const next = offset.slice(0, codeCount);
  for (let call = rows.from; call < rows.to; call++) {
    const code = codeOf(call);
    if (code >= 0) {
      grouped[next[code]++] = duration[call];
    }
  }
  for (const code of codes) {
    grouped.subarray(offset[code], offset[code + 1]).sort();
  }
  return { codes, sorted: (code) => grouped.subarray(offset[code], offset[code + 1]) };
}
