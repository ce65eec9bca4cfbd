import { describe, expect, it } from 'vitest';
import { notesOnRanks, rankChoice } from '../../../src/cli/rankOptions.js';
import type { TraceSummary } from '../../../src/session/session.js';

describe('--ranks', () => {
  it.each([
    ['all', { kind: 'all' }],
    ['0', { kind: 'numbers', numbers: [0] }],
    ['0,3,8-11', { kind: 'numbers', numbers: [0, 3, 8, 9, 10, 11] }],
    [' 2 - 3 , 2', { kind: 'numbers', numbers: [2, 3] }],
  ])('%s', (text, choice) => {
    expect(rankChoice(text)).toEqual(choice);
  });

  it.each(['', '-1', '5-3', '1,,2', 'first', '0-999999', '1.5'])('%j is refused', (text) => {
    expect(() => rankChoice(text)).toThrow('It must be "all" or a list');
  });
});

describe('what is said of ranks that are not loaded', () => {
  const summary = (ranks: readonly number[], loaded: readonly number[]) =>
    ({
      run: ranks.map((rank, i) => ({ rank, label: `rank ${rank}`, loaded: loaded.includes(i) })),
    }) as unknown as TraceSummary;

  it('names them, and how to load them', () => {
    expect(notesOnRanks(summary([0, 1, 2, 3, 5], [0, 1]))).toEqual([
      'Loaded: 2 of 5 ranks (0-1). --ranks all loads the others, --ranks 2-3,5 only those.',
    ]);
    expect(notesOnRanks(summary([-1, -1], [0]))).toEqual([
      'Loaded: 1 of 2 ranks. --ranks all loads the others.',
    ]);
  });

  it('does not offer to load what cannot be read, or what a loaded rank has the number of', () => {
    const file = (rank: number, more: object) => ({ rank, label: `rank ${rank}`, ...more });
    const run = [file(0, { loaded: true }), file(1, { loaded: false, problem: 'It is damaged.' })];
    expect(notesOnRanks({ run } as unknown as TraceSummary)).toEqual([
      'Loaded: 1 of 2 ranks (0). 1 file cannot be read.',
    ]);
    const twice = [...run, file(0, { loaded: false })];
    expect(notesOnRanks({ run: twice } as unknown as TraceSummary)).toEqual([
      'Loaded: 1 of 3 ranks (0). 1 file cannot be read. --ranks all loads the others.',
    ]);
  });

  it('is nothing where all are, or there is one', () => {
    expect(notesOnRanks(summary([0, 1], [0, 1]))).toEqual([]);
    expect(notesOnRanks(summary([], []))).toEqual([]);
  });
});
