import { describe, expect, it } from 'vitest';
import { GrowingColumn, HostBuilder, LaunchBuilder } from '../../../src/trace/index.js';

let state = 11;
const random = (): number => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return state / 2 ** 32;
};

describe('rows leave a builder in time order, links and names with them', () => {
  it.each([
    ['in order', (i: number) => i * 10],
    ['near their places', (i: number) => i * 10 + Math.floor(random() * 200)],
    ['of several ascending runs', (i: number) => (i % 40_000) * 10 + Math.floor(i / 40_000)],
    ['in any order', () => Math.floor(random() * 1e6)],
    ['all at once', () => 5],
  ])('%s', (_, startOf) => {
    const rows = Array.from({ length: 150_000 }, (__, i) => ({
      start: startOf(i),
      duration: Math.floor(random() * 50),
      name: i % 70_000,
      lane: i % 3,
      stack: (i % 5) - 2,
    }));
    const wanted = rows
      .map((row, i) => ({ ...row, i }))
      .sort((a, b) => a.start - b.start || b.duration - a.duration || a.i - b.i);
    for (const free of [false, true]) {
      const builder = new LaunchBuilder();
      rows.forEach((row) => builder.push(row));
      const built = builder.build(free, !free);
      for (const column of ['start', 'duration', 'name', 'lane', 'stack'] as const) {
        const values = built[column];
        const firstWrong = wanted.findIndex((row, i) => values[i] !== row[column]);
        expect([column, values.length, firstWrong]).toEqual([column, rows.length, -1]);
      }
      expect(built.correlation).toBeUndefined();
      expect([built.name.BYTES_PER_ELEMENT, built.lane.BYTES_PER_ELEMENT]).toEqual([4, 2]);
      expect(built.range.every((range) => range === -1)).toBe(true);
    }
  });

  it('a first correlation late in the file leaves the calls before it without one', () => {
    const builder = new LaunchBuilder();
    [NaN, NaN, 7, NaN].forEach((correlation, i) =>
      builder.push({ start: i, duration: 1, name: 0, lane: 0, correlation }),
    );
    expect(Array.from(builder.build().correlation ?? [])).toEqual([NaN, NaN, 7, NaN]);
  });

  it('nothing gives empty columns', () => {
    expect(new HostBuilder().build(true).start.length).toBe(0);
    expect(new GrowingColumn(Float64Array, 1).sorted().length).toBe(0);
  });
});
