import { describe, expect, it } from 'vitest';
import { BoxRow } from '../../../src/analysis/boxRow.js';
import { RowLayout } from '../../../src/analysis/rowLayout.js';
import { randomNumbers } from './smallTrace.js';

interface Boxes {
  start: Float64Array;
  duration: Float64Array;
}

/** Boxes that never overlap, some touching, some of no duration, some far apart, few long. */
function randomBoxes(count: number, seed: number): Boxes {
  const random = randomNumbers(seed);
  const start = new Float64Array(count);
  const duration = new Float64Array(count);
  let time = 0;
  for (let i = 0; i < count; i++) {
    time += random() < 0.3 ? 0 : Math.floor(random() * 200);
    start[i] = time;
    const dice = random();
    duration[i] =
      dice < 0.1 ? 0 : dice < 0.95 ? Math.floor(random() * 100) : Math.floor(random() * 5000);
    time += duration[i];
  }
  return { start, duration };
}

describe('a row of boxes', () => {
  it('finds the longest of any stretch', () => {
    const { start, duration } = randomBoxes(5000, 3);
    const row = new BoxRow(start, duration);
    const random = randomNumbers(4);
    for (let trial = 0; trial < 500; trial++) {
      const from = Math.floor(random() * 5000);
      const to = from + 1 + Math.floor(random() * (5000 - from));
      let best = from;
      for (let i = from; i < to; i++) {
        if (duration[i] > duration[best]) {
          best = i;
        }
      }
      expect(row.longestOf(from, to)).toBe(best);
    }
  });

  it.each([1, 2, 16, 17, 4000])(
    'gives each of %i boxes once, the longest of a pixel for all',
    (count) => {
      const { start, duration } = randomBoxes(count, 11 + count);
      const row = new BoxRow(start, duration);
      const random = randomNumbers(count);
      const end = start[count - 1] + duration[count - 1] + 1;
      for (let trial = 0; trial < 60; trial++) {
        const startNs = trial === 0 ? 0 : random() * end;
        const endNs = trial === 0 ? end : startNs + random() ** 3 * end;
        const pixelNs = (endNs - startNs) / (1 + Math.floor(random() * 2000));
        const touching: number[] = [];
        for (let i = 0; i < count; i++) {
          const within = start[i] >= startNs && start[i] < endNs;
          if (within || (start[i] < startNs && start[i] + duration[i] > startNs)) {
            touching.push(i);
          }
        }
        let calls = 0;
        let last = -Infinity;
        let next = 0;
        row.visible({ startNs, endNs }, pixelNs, (box, merged) => {
          const group = touching.slice(next, next + merged);
          expect(group).toContain(box);
          expect(duration[box]).toBe(Math.max(...group.map((i) => duration[i])));
          if (merged > 1) {
            expect(duration[box]).toBeLessThan(pixelNs);
            expect(start[group[merged - 1]] - start[group[0]]).toBeLessThanOrEqual(pixelNs);
          }
          expect(start[box]).toBeGreaterThanOrEqual(last);
          last = start[box] + duration[box];
          next += merged;
          calls += merged;
        });
        expect(calls).toBe(touching.length);
      }
    },
  );

  it('gives no more boxes than twice its pixels', () => {
    const { start, duration } = randomBoxes(20_000, 5);
    const row = new BoxRow(start, duration);
    const endNs = start[19_999] + 1;
    let boxes = 0;
    row.visible({ startNs: 0, endNs }, endNs / 500, () => boxes++);
    expect(boxes).toBeLessThanOrEqual(1002);
    expect(boxes).toBeGreaterThan(400);
  });

  it('is empty in an empty window and without boxes', () => {
    const visits: number[] = [];
    const row = new BoxRow(Float64Array.of(5), Float64Array.of(10));
    row.visible({ startNs: 7, endNs: 7 }, 0, (box) => visits.push(box));
    new BoxRow(new Float64Array(0), new Float64Array(0)).visible(
      { startNs: 0, endNs: 10 },
      1,
      (box) => visits.push(box),
    );
    expect(visits).toEqual([]);
    row.visible({ startNs: 14, endNs: 20 }, 1, (box) => visits.push(box));
    row.visible({ startNs: 15, endNs: 20 }, 1, (box) => visits.push(box));
    expect(visits).toEqual([0]);
  });
});

describe('laying out overlaps', () => {
  it.each([1, 5, 400])('takes the first free row, about %i deep', (depth) => {
    const random = randomNumbers(depth);
    const layout = new RowLayout();
    const ends: number[] = [];
    let start = 0;
    let most = 0;
    for (let i = 0; i < 3000; i++) {
      start += Math.floor(random() * 10);
      const end = start + Math.floor(random() * 10 * depth);
      const least = random() < 0.2 ? Math.floor(random() * 3) : 0;
      let expected = least;
      while ((ends[expected] ?? -Infinity) > start) {
        expected++;
      }
      expect(layout.place(start, end, least)).toBe(expected);
      ends[expected] = end;
      most = Math.max(most, expected + 1);
    }
    expect(layout.rows).toBe(most);
  });
});
