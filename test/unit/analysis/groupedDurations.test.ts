import { expect, it } from 'vitest';
import { groupDurations } from '../../../src/analysis/groupedDurations.js';

/** Groups by a plain loop. */
function plainly(durations: readonly number[], codes: readonly number[], from: number, to: number) {
  const groups = new Map<number, number[]>();
  for (let i = from; i < to; i++) {
    if (codes[i] >= 0) {
      groups.set(codes[i], [...(groups.get(codes[i]) ?? []), durations[i]]);
    }
  }
  return new Map([...groups].map(([code, of]) => [code, of.sort((a, b) => a - b)]));
}

it('sorts each group, whole nanoseconds and others, short and longer than 4.3 s', () => {
  const durations = [7, 2 ** 32 - 1, 0, 5, 2 ** 32, 3, 0.25, 9, 2 ** 52 + 1, 1, 5, 8, 6.5, 2, 4];
  const codes = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, -1, 5, 2, 0, 5];
  for (const [from, to] of [
    [0, durations.length],
    [2, 12],
    [4, 4],
  ]) {
    const grouped = groupDurations(
      Float64Array.from(durations),
      { from, to },
      7,
      (call) => codes[call],
    );
    const expected = plainly(durations, codes, from, to);
    expect(grouped.codes).toEqual([...expected.keys()].sort((a, b) => a - b));
    for (let code = 0; code < 7; code++) {
      expect([...grouped.sorted(code)]).toEqual(expected.get(code) ?? []);
    }
    grouped.discard();
  }
});
