import { describe, expect, it } from 'vitest';
import { alignSequences, type Token } from '../../../../src/layers/structure/sequenceAlignment.js';

/** Each letter a name; letters that differ only in case do the same. */
const tokens = (text: string): Token[] =>
  [...text].map((letter) => ({
    name: letter.charCodeAt(0),
    like: letter.toLowerCase() === letter.toUpperCase() ? 0 : letter.toLowerCase().charCodeAt(0),
  }));
const align = (a: string, b: string) => {
  const { to, likeness } = alignSequences(tokens(a), tokens(b));
  return { to: [...to], likeness };
};

describe('two sequences', () => {
  it('that are equal map one for one', () => {
    expect(align('abcd', 'abcd')).toEqual({ to: [0, 1, 2, 3], likeness: 1 });
  });

  it('leave out what only one of them has', () => {
    expect(align('ab#cd', 'abcd').to).toEqual([0, 1, -1, 2, 3]);
    expect(align('abcd', 'ab#cd').to).toEqual([0, 1, 3, 4]);
  });

  it('match kernels that do the same, and prefer equal names', () => {
    expect(align('aBc', 'abc').to).toEqual([0, 1, 2]);
    expect(align('B', 'bB').to).toEqual([1]);
    expect(align('aBc', 'abc').likeness).toBeCloseTo(10 / 12);
  });

  it('of different kernels have nothing in common', () => {
    expect(align('abc', 'xyz')).toEqual({ to: [-1, -1, -1], likeness: 0 });
    expect(align('', 'abc')).toEqual({ to: [], likeness: 0 });
    expect(align('#', '+').to).toEqual([-1]);
  });

  it('may differ by more kernels than the band is wide', () => {
    const short = 'abc'.repeat(10);
    const { to } = align(short, `${'#'.repeat(300)}${short}`);
    expect(to).toEqual(Array.from({ length: 30 }, (_, i) => 300 + i));
  });
});
