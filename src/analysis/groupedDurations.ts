import { discard } from '../trace/index.js';
import type { RowSpan } from './search.js';

/** Durations of calls by group, each group sorted. */
export interface GroupedDurations {
  /** codes that have calls, ascending */
  readonly codes: readonly number[];
  /** ns, ascending; empty for a code without calls */
  sorted(code: number): Float64Array | Uint32Array;
  /** Gives their memory back; nothing that was got of them is there any more. */
  discard(): void;
}

/** Whole nanoseconds below 4.3 s: nearly all calls last no longer, and take half the room so. */
function isNarrow(duration: number): boolean {
  return duration >>> 0 === duration && !Object.is(duration, -0);
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
  const counts = new Uint32Array(codeCount);
  const wideCounts = new Uint32Array(codeCount);
  for (let call = rows.from; call < rows.to; call++) {
    const code = codeOf(call);
    if (code >= 0) {
      counts[code]++;
      wideCounts[code] += isNarrow(duration[call]) ? 0 : 1;
    }
  }
  const codes: number[] = [];
  const narrowFrom = new Uint32Array(codeCount);
  const wideFrom = new Uint32Array(codeCount);
  let narrowCount = 0;
  let wideCount = 0;
  for (let code = 0; code < codeCount; code++) {
    if (counts[code] > 0) {
      codes.push(code);
    }
    narrowFrom[code] = narrowCount;
    wideFrom[code] = wideCount;
    if (wideCounts[code] === 0) {
      narrowCount += counts[code];
    } else {
      wideCount += counts[code];
    }
  }
  const narrow = new Uint32Array(narrowCount);
  const wide = new Float64Array(wideCount);
  const next = narrowFrom.map((from, code) => (wideCounts[code] === 0 ? from : wideFrom[code]));
  for (let call = rows.from; call < rows.to; call++) {
    const code = codeOf(call);
    if (code >= 0) {
      const group = wideCounts[code] === 0 ? narrow : wide;
      group[next[code]++] = duration[call];
    }
  }
  const ofGroup = (code: number): Float64Array | Uint32Array =>
    wideCounts[code] === 0
      ? narrow.subarray(narrowFrom[code], narrowFrom[code] + counts[code])
      : wide.subarray(wideFrom[code], wideFrom[code] + counts[code]);
  for (const code of codes) {
    ofGroup(code).sort();
  }
  return {
    codes,
    sorted: ofGroup,
    discard: () => {
      discard(narrow);
      discard(wide);
    },
  };
}
