import { describe, expect, it } from 'vitest';
import { percentileOfSorted } from '../../../src/trace/index.js';

describe('percentileOfSorted', () => {
  it('interpolates at rank p(n-1)', () => {
    expect(percentileOfSorted([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(percentileOfSorted([1, 2, 3, 4], 0.99)).toBeCloseTo(3.97, 12);
    expect(percentileOfSorted(Float64Array.of(10, 20), 0.25)).toBe(12.5);
  });

  it('gives the ends for 0 and 1, and the only value for any p', () => {
    expect(percentileOfSorted([3, 5, 9], 0)).toBe(3);
    expect(percentileOfSorted([3, 5, 9], 1)).toBe(9);
    expect(percentileOfSorted([7], 0.99)).toBe(7);
  });

  it('keeps infinities apart from NaN', () => {
    expect(percentileOfSorted([1, Infinity, Infinity], 0.75)).toBe(Infinity);
  });

  it('is NaN for no values and refuses a p that is none', () => {
    expect(percentileOfSorted([], 0.5)).toBeNaN();
    expect(() => percentileOfSorted([1], 1.01)).toThrow(RangeError);
    expect(() => percentileOfSorted([1], NaN)).toThrow(RangeError);
  });
});
