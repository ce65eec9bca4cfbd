import { describe, expect, it } from 'vitest';
import { chosenRanks, rankRanges } from '../../../src/formats/ranks/rankChoice.js';
import { ranksOfNames } from '../../../src/formats/ranks/rankOfName.js';

const MIB = 2 ** 20;
const files = (count: number, bytes: number, gzip = false) =>
  Array.from({ length: count }, (_, rank) => ({
    path: `/r/${rank}`,
    bytes,
    gzip,
    stated: { rank },
  }));

describe('a few ranks', () => {
  it.each([
    ['eight small ones', files(128, MIB), [0, 1, 2, 3, 4, 5, 6, 7]],
    ['all of fewer', files(3, MIB), [0, 1, 2]],
    ['as many as have 1 GiB', files(128, 300 * MIB), [0, 1, 2]],
    ['packed ones count by what they unpack to', files(128, 40 * MIB, true), [0, 1]],
    ['one, however large', files(2, 3000 * MIB), [0]],
  ])('%s', (_, run, expected) => {
    expect(chosenRanks(run, { kind: 'few' })).toEqual(expected);
  });

  it('are the one that was opened, and the lowest', () => {
    expect(chosenRanks(files(128, MIB), { kind: 'few', first: '/r/77' })).toEqual([
      0, 1, 2, 3, 4, 5, 6, 77,
    ]);
    expect(chosenRanks(files(128, 700 * MIB), { kind: 'few', first: '/r/77' })).toEqual([77]);
    expect(chosenRanks(files(2, MIB), { kind: 'few', first: '/r/run.tar' })).toEqual([0, 1]);
  });
});

describe('chosen ranks', () => {
  it('are those of the numbers, or of the paths that are there', () => {
    expect(chosenRanks(files(9, MIB), { kind: 'numbers', numbers: [8, 2] })).toEqual([2, 8]);
    expect(
      chosenRanks(files(9, MIB), { kind: 'paths', paths: ['/r/5', '/r/moved', '/r/1'] }),
    ).toEqual([1, 5]);
  });

  it('that are not there are refused, and the sentence says what is', () => {
    const some = files(12, MIB).filter(({ stated: { rank } }) => rank !== 4 && rank !== 9);
    expect(() => chosenRanks(some, { kind: 'numbers', numbers: [3, 4, 30] })).toThrow(
      'There is no rank 4, 30 here: the ranks are 0-3, 5-8, 10-11.',
    );
    const unknown = files(2, MIB).map((file) => ({ ...file, stated: { rank: -1 } }));
    expect(() => chosenRanks(unknown, { kind: 'numbers', numbers: [0] })).toThrow(
      'None of the 2 files states a rank: name the files to read instead.',
    );
    expect(() => chosenRanks(some, { kind: 'paths', paths: ['/gone'] })).toThrow('any more');
  });

  it.each([
    [[], ''],
    [[7], '7'],
    [[3, 1, 2, 9, 9], '1-3, 9'],
  ])('%j reads %s', (ranks, text) => {
    expect(rankRanges(ranks)).toBe(text);
  });
});

describe('ranks by the names of a run', () => {
  it.each([
    [
      ['h_4711.0.json', 'h_4690.2.json', 'h_4801.1.json'],
      [0, 2, 1],
    ],
    // Two places that may be ranks: nobody can tell which.
    [
      ['a0_b1.json', 'a1_b0.json'],
      [-1, -1],
    ],
    [
      ['p_901.json', 'p_902.json'],
      [-1, -1],
    ],
    [
      ['x0.json', 'y1.json'],
      [-1, -1],
    ],
    [['only0.json'], [-1]],
    [
      ['llama-3.1.json', 'llama-3.2.json'],
      [-1, -1],
    ],
  ])('%j: %j', (names, ranks) => {
    expect(ranksOfNames(names)).toEqual(ranks);
  });
});
