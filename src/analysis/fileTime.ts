import type { Trace } from '../trace/index.js';

/**
 * µs with three decimals of a time in whole nanoseconds, by integers only: an epoch in nanoseconds
 * passes 2^53.
 */
export function microsText(ns: bigint): string {
  const sign = ns < 0n ? '-' : '';
  const digits = (ns < 0n ? -ns : ns).toString().padStart(4, '0');
  return `${sign}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

/**
 * What the file of a rank calls 0 of the columns, ns: the shift that put the rank on the trace's clock is
 * taken off again.
 *
 * @param rank index in `trace.ranks`
 */
export function fileZero(trace: Trace, rank: number): bigint {
  const shift = trace.ranks[rank]?.clock?.shiftNs ?? 0;
  return trace.clock.originNs - trace.clock.fileBaseNs - BigInt(shift);
}

/**
 * A time of the columns as the file states it: µs, 3 decimals.
 *
 * @param ns from the trace's start
 * @param rank whose file it is, an index in `trace.ranks`
 */
export function fileMicros(trace: Trace, ns: number, rank: number): string {
  return microsText(fileZero(trace, rank) + BigInt(Math.round(ns)));
}

/** Whole ns of a text in µs ("1777334400000123.456"); digits beyond the third decimal are cut. */
export function nanosOfMicros(text: string): bigint | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (parts === null) {
    return undefined;
  }
  const [, sign, whole, fraction = ''] = parts;
  const ns = BigInt(whole) * 1000n + BigInt(fraction.slice(0, 3).padEnd(3, '0'));
  return sign === '-' ? -ns : ns;
}
