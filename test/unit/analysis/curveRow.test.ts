import { describe, expect, it } from 'vitest';
import { CurveRow, type CurvePoint } from '../../../src/analysis/curveRow.js';
import type { TimeWindow } from '../../../src/analysis/results.js';
import { randomNumbers } from './smallTrace.js';

function randomSamples(count: number, seed: number): { time: Float64Array; value: Float64Array } {
  const random = randomNumbers(seed);
  const time = new Float64Array(count);
  const value = new Float64Array(count);
  let at = -700;
  for (let i = 0; i < count; i++) {
    at += random() < 0.2 ? 0 : Math.floor(random() * 60);
    time[i] = at;
    value[i] = Math.floor(random() * 201) - 100;
  }
  return { time, value };
}

/** The points of a window, by going through every sample. */
function plainPoints(
  time: Float64Array,
  value: Float64Array,
  { startNs, endNs }: TimeWindow,
  pixelNs: number,
): CurvePoint[] {
  const pixels = new Map<number, number[]>();
  time.forEach((at, i) => {
    const pixel = Math.floor(at / pixelNs);
    pixels.set(pixel, [...(pixels.get(pixel) ?? []), i]);
  });
  const n = time.length;
  return [...pixels.values()]
    .map((samples): CurvePoint => {
      const last = samples[samples.length - 1];
      return {
        start: time[samples[0]],
        end: last + 1 < n ? time[last + 1] : time[n - 1] + (n > 1 ? time[n - 1] - time[n - 2] : 0),
        low: Math.min(...samples.map((i) => value[i])),
        high: Math.max(...samples.map((i) => value[i])),
        last: value[last],
        samples: samples.length,
      };
    })
    .filter(({ start, end }) => start < endNs && (end > startNs || start >= startNs));
}

function points(row: CurveRow, window: TimeWindow, pixelNs: number): CurvePoint[] {
  const found: CurvePoint[] = [];
  row.visible(window, pixelNs, (point) => found.push(point));
  return found;
}

describe('the curve of a counter', () => {
  it('gives the extremes of every pixel that going through all samples gives', () => {
    const random = randomNumbers(11);
    for (const count of [1, 2, 15, 16, 17, 300, 4097]) {
      const { time, value } = randomSamples(count, count);
      const row = new CurveRow(time, value);
      expect([row.low, row.high]).toEqual([Math.min(...value), Math.max(...value)]);
      const span = time[count - 1] - time[0] + 100;
      for (let trial = 0; trial < 60; trial++) {
        const startNs = time[0] - 50 + random() * span;
        const window = { startNs, endNs: startNs + random() * span };
        const pixelNs = 0.5 + random() ** 3 * 900;
        expect(points(row, window, pixelNs)).toEqual(plainPoints(time, value, window, pixelNs));
      }
    }
  });

  it('begins with the value that holds at the start of the window', () => {
    const row = new CurveRow(Float64Array.of(0, 100, 200), Float64Array.of(5, 6, 7));
    expect(points(row, { startNs: 150, endNs: 160 }, 1)).toEqual([
      { start: 100, end: 200, low: 6, high: 6, last: 6, samples: 1 },
    ]);
    // After the last sample nothing is known: it holds as long as the one before, no longer.
    expect(points(row, { startNs: 250, endNs: 260 }, 1)).toHaveLength(1);
    expect(points(row, { startNs: 300, endNs: 400 }, 1)).toEqual([]);
    expect(points(row, { startNs: 150, endNs: 150 }, 1)).toEqual([]);
  });

  it('costs as much for millions of samples as for few', () => {
    const count = 3_000_000;
    const time = Float64Array.from({ length: count }, (_, i) => i * 100);
    const value = Float64Array.from({ length: count }, (_, i) => (i * 7919) % 101);
    const row = new CurveRow(time, value);
    const before = performance.now();
    for (let i = 0; i < 20; i++) {
      expect(points(row, { startNs: 0, endNs: count * 100 }, (count * 100) / 1000)).toHaveLength(
        1000,
      );
    }
    // Going through all of them takes some 10 ms each time.
    expect((performance.now() - before) / 20).toBeLessThan(20);
  });
});
