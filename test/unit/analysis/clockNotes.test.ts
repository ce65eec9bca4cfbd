import { expect, it } from 'vitest';
import { clockNotes } from '../../../src/analysis/clockNotes.js';
import type { Rank, RankClock } from '../../../src/trace/index.js';

const rank = (number: number, clock: Partial<RankClock>): Rank => ({
  rank: number,
  worldSize: 64,
  label: `rank ${number}`,
  path: `/r/${number}`,
  device: '',
  clock: {
    against: 'rank 0',
    skewNs: 500 * number,
    spreadNs: 80,
    matches: 90 + number,
    shiftNs: 0,
    note: `note of ${number}.`,
    ...clock,
  },
});
const first = rank(0, { against: '' });

it('tells of few ranks one by one, and of none where one file was read', () => {
  const alone: Rank = { rank: 0, worldSize: 1, label: 'rank 0', path: '/r/0', device: '' };
  expect(clockNotes([alone])).toEqual([]);
  expect(clockNotes([first, rank(1, {}), rank(2, { shiftNs: 7 })])).toEqual([
    'note of 2.',
    'note of 1.',
  ]);
});

it('sums up many, but for those that were moved or cannot be told', () => {
  const many = Array.from({ length: 60 }, (_, i) =>
    rank(i + 1, i < 50 ? {} : i < 55 ? { shiftNs: -1 } : { skewNs: null, spreadNs: null }),
  );
  expect(clockNotes([first, ...many])).toEqual([
    'note of 51.',
    'note of 52.',
    'note of 53.',
    '2 more ranks were set to one clock likewise (SQL view ranks).',
    'note of 56.',
    'note of 57.',
    'note of 58.',
    '2 more ranks have clocks of which the same is not known (SQL view ranks).',
    'The clocks of 50 ranks are within 25 µs of that of rank 0, each from at least 91 matching collectives. Their times are as in the files.',
  ]);
});
