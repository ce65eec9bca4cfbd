import type { GrowingColumn } from '../trace/index.js';

/** The time columns of a builder, relative to a base near all of them. */
interface TimedRows {
  readonly count: number;
  readonly start: GrowingColumn<Float64Array>;
  readonly duration: GrowingColumn<Float64Array>;
}

/**
 * Where the trace begins and how long it is.
 *
 * @param base absolute time, ns, that the rows' starts are relative to
 * @returns `originNs`: the first start, absolute; `spanNs`: from there to the last end
 */
export function traceSpan(
  base: bigint,
  tables: readonly TimedRows[],
): { originNs: bigint; spanNs: number } {
  let first = Infinity;
  let last = -Infinity;
  for (const { count, start, duration } of tables) {
    for (let i = 0; i < count; i++) {
      const at = start.get(i);
      first = Math.min(first, at);
      last = Math.max(last, at + duration.get(i));
    }
  }
  if (first === Infinity) {
    return { originNs: base, spanNs: 0 };
  }
  const origin = Math.floor(first);
  return { originNs: base + BigInt(origin), spanNs: last - origin };
}

/** Makes the starts relative to the origin. */
export function originShift(base: bigint, originNs: bigint, tables: readonly TimedRows[]): void {
  const shift = Number(originNs - base);
  for (const { count, start } of tables) {
    for (let i = 0; i < count; i++) {
      start.set(i, start.get(i) - shift);
    }
  }
}
