import { describe, expect, it } from 'vitest';
import { callStatistics, callStatisticsOf } from '../../../src/analysis/callStatistics.js';
import { valuesByRank } from '../../../src/analysis/valueAtRank.js';

/** A fixed sequence of whole and broken durations, many of them equal. */
function durations(count: number): Float64Array {
  let state = 7;
  return Float64Array.from({ length: count }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const value = (state >>> 8) % 100_000;
    return i % 3 === 0 ? value / 8 : i % 50 === 0 ? value * 1e9 : value;
  });
}

describe('values by rank', () => {
  it.each([
    ['few', durations(1000)],
    ['many', durations(200_000)],
    ['many, a part of an array', durations(300_001).subarray(1, 250_000)],
    ['many in shared memory', shared(durations(100_000))],
    ['many, zeros and infinity among them', Float64Array.of(...durations(70_000), 0, 0, Infinity)],
    ['many, negative and -0 among them', Float64Array.of(...durations(70_000), -1, -0, -2.5)],
  ])('%s: those of a sorted copy, and the values stay as they are', (_, values) => {
    const before = values.slice();
    const sorted = values.slice().sort();
    const at = valuesByRank(values);
    for (const share of [0, 0.001, 0.25, 0.5, 0.99, 0.9999, 1]) {
      const rank = Math.floor(share * (values.length - 1));
      expect([rank, at(rank)]).toEqual([rank, sorted[rank]]);
    }
    expect(values).toEqual(before);
  });

  it('give the statistics that a sorted copy gives', () => {
    const values = durations(150_000).map(Math.floor);
    expect(callStatisticsOf(values)).toEqual(callStatistics(values.slice().sort()));
    expect(callStatisticsOf(new Float64Array(0)).p50_ns).toBeNull();
  });
});

function shared(values: Float64Array): Float64Array {
  const out = new Float64Array(new SharedArrayBuffer(values.byteLength));
  out.set(values);
  return out;
}
