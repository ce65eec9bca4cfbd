/** Nanoseconds a double holds exactly from the trace's start: 104 days. */
export const MOST_NS = 2 ** 53;

/**
 * Microseconds as a recorder wrote them, in ns. A decimal such as 87.393 is no exact double, and
 * times 1,000 gives 87,393.00000000001: the picosecond that is meant is taken where the double is
 * within its own rounding of one. What is finer than that stays.
 */
export function nsOfMicroseconds(microseconds: number): number {
  const ns = microseconds * 1000;
  const picoseconds = Math.round(ns * 1000);
  const meant = picoseconds / 1000;
  return Math.abs(meant - ns) <= 2 ** -51 * ns ? meant : ns;
}
