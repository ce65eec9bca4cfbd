import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatCountOf,
  formatDuration,
  formatMicros,
  formatRatio,
  formatSample,
  formatShare,
} from '../../../src/analysis/format.js';
import { shortenMiddle, visibleText } from '../../../src/analysis/visibleText.js';

describe('figures', () => {
  it('writes microseconds as the product table does', () => {
    expect([42e3, 95e3, 12_400e3, 180e3].map(formatMicros)).toEqual(['42', '95', '12,400', '180']);
    expect([1900, 9949, 9960, 520, 0, 1].map(formatMicros)).toEqual([
      '1.9',
      '9.9',
      '10',
      '0.52',
      '0',
      '0.00',
    ]);
    expect(formatMicros(null)).toBe('–');
    expect(formatMicros(NaN)).toBe('–');
  });

  it('says how many of what there are', () => {
    expect([0, 1, 6400].map((n) => formatCountOf(n, 'call'))).toEqual([
      '0 calls',
      '1 call',
      '6,400 calls',
    ]);
  });

  it('writes tail ratios with a decimal below 10 only', () => {
    expect([2.26, 3.64, 68.9, 9.94, 9.96, 1204].map(formatRatio)).toEqual([
      '2.3x',
      '3.6x',
      '69x',
      '9.9x',
      '10x',
      '1,204x',
    ]);
    expect(formatRatio(null)).toBe('–');
  });

  it('never rounds a share to nothing or to all', () => {
    expect([0, 1, 0.5, 0.4906, 0.0001, 0.99999].map(formatShare)).toEqual([
      '0 %',
      '100 %',
      '50 %',
      '49.1 %',
      '<0.1 %',
      '>99.9 %',
    ]);
    expect(formatShare(1 - 1e-13)).toBe('100 %');
    expect(formatShare(1 + 1e-13)).toBe('100 %');
  });

  it('chooses the unit of a duration', () => {
    expect(
      [830, 42_000, 12_400_000, 59.955e9, 999_600, 0, 1e12, 24.004e3].map(formatDuration),
    ).toEqual(['830 ns', '42 µs', '12.4 ms', '60.0 s', '1.00 ms', '0 ns', '1,000 s', '24.0 µs']);
  });

  it('writes the value of a counter with its unit', () => {
    expect(
      [97, 55.5, 0, -3, 1980, 1 / 3, 1.5e-7, 2 ** 60].map((value) => formatSample(value, '')),
    ).toEqual(['97', '55.5', '0', '-3', '1,980', '0.333', '1.5e-7', '1.153e+18']);
    expect(formatSample(1980, 'MHz')).toBe('1,980 MHz');
    expect(formatSample(152_171_446_272, 'bytes')).toBe('152 GB');
  });

  it('groups counts and names bytes', () => {
    expect(formatCount(6400)).toBe('6,400');
    expect([0, 512, 10.5e9].map(formatBytes)).toEqual(['0 B', '512 B', '10.5 GB']);
  });
});

describe('text of a trace', () => {
  it('shows what cannot be seen', () => {
    expect(visibleText('a\x1b[31mb\u202ec\u0000\n\t\u{e0041}\ud800')).toBe(
      'a\\x1b[31mb\\u202ec\\x00\\n\\t\\u{e0041}\\ud800',
    );
    expect(visibleText('void at::native::kernel<float>(Größe, 核, 😀)')).toBe(
      'void at::native::kernel<float>(Größe, 核, 😀)',
    );
  });

  it('takes the middle out of a long name', () => {
    expect(shortenMiddle('abcdefghij', 5)).toBe('ab…ij');
    expect(shortenMiddle('abcde', 5)).toBe('abcde');
    expect(shortenMiddle('😀😀😀😀😀😀', 5)).toBe('😀😀…😀😀');
  });
});
