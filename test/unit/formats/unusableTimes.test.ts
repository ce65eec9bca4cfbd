import { expect, it } from 'vitest';
import { MOST_NS } from '../../../src/formats/exactTime.js';
import { LinkedRows } from '../../../src/formats/linkedRows.js';
import { STATED_DURATION, unusableTimes } from '../../../src/formats/unusableTimes.js';
import { makeDatabase, openBytes } from './reading.js';

const FAR = 'a time more than 104 days from the others';
const LONG = 'a duration of more than 104 days';

it.each([
  [NaN, NaN, 'no timestamp'],
  [MOST_NS, NaN, FAR],
  [-MOST_NS, -1, FAR],
  [Infinity, 5, FAR],
  [0, NaN, 'no duration'],
  [0, -0.001, 'a negative duration'],
  [0, MOST_NS, LONG],
  [0, Infinity, LONG],
  [MOST_NS - 1, MOST_NS - 1, ''],
  [-5, 0, ''],
])('a start of %d and a duration of %d: %s', (start, duration, reason) => {
  expect(unusableTimes(start, duration, STATED_DURATION)).toBe(reason);
});

it('of a start and an end, the first reason counts, in the same order', () => {
  const rows = new LinkedRows();
  const ends: (readonly [number, number])[] = [
    [NaN, 5],
    [MOST_NS, NaN],
    [5, NaN],
    [5, 4],
    [-5, MOST_NS],
    [4, 5],
  ];
  expect(ends.map(([start, end]) => rows.fits(start, end)).filter(Boolean)).toHaveLength(1);
  expect(rows.skips.list()).toEqual([
    { reason: 'no start or no end', rows: 2 },
    { reason: FAR, rows: 1 },
    { reason: 'a negative duration', rows: 1 },
    { reason: LONG, rows: 1 },
  ]);
});

it('of an events table too, whatever unit its durations have', async () => {
  for (const [column, unit] of [
    ['duration_us', 1000],
    ['duration_ns', 1],
  ] as const) {
    const bytes = await makeDatabase(
      `CREATE TABLE events (timestamp, name, ${column})`,
      `INSERT INTO events VALUES (1000, 'a', 1), (NULL, 'b', NULL), (9000 + ${MOST_NS}, 'c', NULL),
         (1001, 'd', NULL), (1002, 'e', -1), (1003, 'f', ${MOST_NS} / ${unit} + 1), (1004, 'g', 2)`,
    );
    const { report, gpu } = await openBytes(bytes);
    expect([...gpu.duration]).toEqual([unit, 2 * unit]);
    expect(report.skipped).toEqual([
      { reason: 'no timestamp', rows: 1 },
      { reason: FAR, rows: 1 },
      { reason: 'no duration', rows: 1 },
      { reason: 'a negative duration', rows: 1 },
      { reason: LONG, rows: 1 },
    ]);
  }
});
