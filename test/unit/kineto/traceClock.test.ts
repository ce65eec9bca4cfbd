import { expect, test } from 'vitest';
import { TraceClock } from '../../../src/formats/kineto/traceClock.js';
import { nsOfText } from './plainJson.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function relative(clock: TraceClock, text: string): number {
  const bytes = encode(`xx${text}yy`);
  return clock.relative(bytes, 2, bytes.length - 2);
}
function duration(text: string): number {
  const bytes = encode(text);
  return new TraceClock().duration(bytes, 0, bytes.length);
}

test('epochs with three decimals keep every nanosecond, which a double does not', () => {
  const clock = new TraceClock();
  const first = '1712195495505583.001';
  const texts = [first, '1712195495505583.002', '1712195495505583.999', '1712195495999999.123'];
  const starts = texts.map((text) => relative(clock, text));
  expect(starts).toEqual(texts.map((text) => Number(nsOfText(text) - clock.baseUs * 1000n)));
  expect(Number(texts[1])).toBe(Number(texts[0]));
  expect(clock.baseUs).toBe(1712195495505583n);
});

test('random times: exact against their digits', () => {
  const clock = new TraceClock();
  const base = 4454130424304884n;
  let seed = 12345;
  const random = (): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed;
  };
  for (let i = 0; i < 5000; i++) {
    const ns = base * 1000n + BigInt(random()) * BigInt(random() % 1000);
    const decimals = i % 4;
    const unit = 10n ** BigInt(3 - decimals);
    const rounded = (ns / unit) * unit;
    const text =
      decimals === 0
        ? `${rounded / 1000n}`
        : `${rounded / 1000n}.${String(rounded % 1000n)
            .padStart(3, '0')
            .slice(0, decimals)}`;
    expect(relative(clock, text)).toBe(Number(rounded - clock.baseUs * 1000n));
  }
});

test.each([
  ['0', 0],
  ['7', 7000],
  ['1.5', 1500],
  ['0.001', 1],
  ['2000000.25', 2_000_000_250],
  ['1.2345', 1234.5],
  ['1e3', 1_000_000],
  ['1.5E-3', 1.5],
  ['1e-05', 0.01],
  ['12.5e1', 125_000],
  ['-3.25', -3250],
  ['00012.000', 12000],
])('duration %s', (text, ns) => {
  expect(duration(text)).toBe(ns);
});

test.each(['', '.', '1.', '.5', 'NaN', 'Infinity', '1e', '1.2.3', '0x10', '1e9999', '-'])(
  'no number: "%s"',
  (text) => {
    expect(duration(text)).toBeNaN();
    expect(relative(new TraceClock(), text)).toBeNaN();
  },
);

test.each(['9007199254741', '1e308', '1e999'])('no duration, longer than 104 days: %s', (text) => {
  expect(duration(text)).toBeNaN();
});

test('numbers beyond 2^53 are read by their digits', () => {
  const clock = new TraceClock();
  expect(relative(clock, '1790857026000000000123.001')).toBe(1);
  expect(relative(clock, '1790857026000000000124.002')).toBe(1002);
  expect(clock.baseUs).toBe(1790857026000000000123n);
});

test('a time more than 104 days from the first is none', () => {
  const clock = new TraceClock();
  expect(relative(clock, '1700000000000000')).toBe(0);
  expect(relative(clock, '0')).toBeNaN();
  expect(relative(clock, '1700000000000001')).toBe(1000);
});

test('a time before the first is negative, to the nanosecond', () => {
  const clock = new TraceClock();
  expect(relative(clock, '100.500')).toBe(500);
  expect(relative(clock, '99.499')).toBe(-501);
});

test('where most times lie far from the first, the clock says where', () => {
  const clock = new TraceClock();
  relative(clock, '0');
  expect(clock.betterBaseUs).toBeUndefined();
  relative(clock, '1700000000000000.5');
  relative(clock, '1700000000000001');
  expect(clock.betterBaseUs).toBe(1700000000000001n);
  const better = new TraceClock(clock.betterBaseUs);
  expect(relative(better, '0')).toBeNaN();
  expect(relative(better, '1700000000000000.5')).toBe(-500);
  expect(better.betterBaseUs).toBeUndefined();
});
