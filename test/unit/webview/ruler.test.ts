import { describe, expect, it } from 'vitest';
import { formatInstant, timeTicks } from '../../../webview/timeline/ruler.js';

describe('timeTicks', () => {
  it('writes neighbouring ticks differently at every zoom', () => {
    for (let width = 200; width <= 60e9; width *= 3.7) {
      for (const start of [0, 14_719_237_123, 59e9]) {
        const ticks = timeTicks({ startNs: start, endNs: start + width }, 1300);
        const labels = ticks.values.map((ns) => ticks.label(ns));
        expect(labels.length).toBeGreaterThan(1);
        expect(new Set(labels).size).toBe(labels.length);
      }
    }
  });

  it('chooses the unit by the distance of the ticks', () => {
    const label = (startNs: number, endNs: number) => {
      const ticks = timeTicks({ startNs, endNs }, 1000);
      return ticks.label(ticks.values[1]);
    };
    expect(label(0, 60e9)).toBe('5 s');
    expect(label(14_700e6, 14_750e6)).toBe('14,705 ms');
    expect(label(1e6, 1e6 + 500)).toMatch(/ ns$/);
  });
});

describe('formatInstant', () => {
  it('is exact to the nanosecond', () => {
    expect(formatInstant(3_204_118_250)).toBe('3.204 118 250 s');
    expect(formatInstant(0)).toBe('0.000 000 000 s');
    expect(formatInstant(86_400e9 + 7)).toBe('86400.000 000 007 s');
  });
});
