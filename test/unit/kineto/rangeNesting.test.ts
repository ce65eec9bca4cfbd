import { describe, expect, test } from 'vitest';
import { RawRanges, nestRanges } from '../../../src/formats/kineto/rangeNesting.js';
import { timeOrder } from '../../../src/formats/timeOrder.js';
import {
  ANNOTATION,
  FRAME,
  LaunchBuilder,
  MODULE,
  OP,
  type LaunchColumns,
} from '../../../src/trace/index.js';

interface Row {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly kind?: number;
  readonly id?: number;
  readonly caller?: number;
  readonly lane?: number;
}

function nest(
  rows: readonly Row[],
  launchTimes: readonly { time: number; lane?: number }[] = [],
  resolutionNs = 1,
): {
  parentOf: Record<string, string>;
  endOf: Record<string, number>;
  around: string[];
  unclosed: number;
} {
  const raw = new RawRanges();
  rows.forEach((row, i) =>
    raw.push(
      row.start,
      row.end - row.start,
      i,
      row.lane ?? 0,
      row.kind ?? (row.id === undefined ? OP : FRAME),
      row.id,
      row.caller,
    ),
  );
  const builder = new LaunchBuilder();
  launchTimes.forEach(({ time, lane = 0 }) =>
    builder.push({ start: time, duration: 1, name: 0, lane }),
  );
  const launches: LaunchColumns = builder.build();
  const { columns, unclosed } = nestRanges(raw, [launches], resolutionNs);
  const name = (range: number): string => (range < 0 ? '' : rows[columns.name[range]].name);
  const of = <T>(value: (range: number) => T): Record<string, T> =>
    Object.fromEntries(rows.map((_, range) => [name(range), value(range)]));
  return {
    parentOf: of((range) => name(columns.parent[range])),
    endOf: of((range) => columns.start[range] + columns.duration[range]),
    around: [...launches.range].map(name),
    unclosed,
  };
}

describe('nesting', () => {
  test('operators and Python rows interleave on one thread', () => {
    const { parentOf, around } = nest(
      [
        { name: 'aten::linear', start: 20, end: 60 },
        { name: 'aten::addmm', start: 25, end: 50 },
        { name: 'main', start: 0, end: 100, id: 1 },
        { name: 'forward', start: 10, end: 70, id: 2, caller: 1 },
        { name: 'hook in an operator', start: 30, end: 35, id: 3, caller: 2 },
      ],
      [{ time: 32 }, { time: 40 }, { time: 55 }, { time: 65 }, { time: 99 }, { time: 100 }],
    );
    expect(parentOf).toEqual({
      main: '',
      forward: 'main',
      'aten::linear': 'forward',
      'aten::addmm': 'aten::linear',
      'hook in an operator': 'aten::addmm',
    });
    expect(around).toEqual([
      'hook in an operator',
      'aten::addmm',
      'aten::linear',
      'forward',
      'main',
      '',
    ]);
  });

  test('threads do not see each other', () => {
    const { parentOf, around } = nest(
      [
        { name: 'a', start: 0, end: 100 },
        { name: 'b', start: 10, end: 20, lane: 1 },
      ],
      [
        { time: 15, lane: 0 },
        { time: 15, lane: 1 },
        { time: 15, lane: 2 },
      ],
    );
    expect(parentOf).toEqual({ a: '', b: '' });
    expect(around).toEqual(['a', 'b', '']);
  });

  test('an annotation opened inside a frame that returns before it ends', () => {
    const { parentOf, around } = nest(
      [
        { name: 'steps', start: 0, end: 1000, id: 1 },
        { name: '__enter__', start: 10, end: 30, id: 2, caller: 1 },
        { name: 'record_function_enter', start: 15, end: 25, id: 3, caller: 2 },
        { name: 'step', start: 20, end: 500, kind: ANNOTATION },
        { name: 'model', start: 40, end: 450, id: 4, caller: 1, kind: MODULE },
        { name: '__exit__', start: 490, end: 510, id: 5, caller: 1 },
      ],
      [{ time: 22 }, { time: 28 }, { time: 35 }, { time: 100 }, { time: 480 }, { time: 505 }],
    );
    expect(parentOf).toMatchObject({
      step: 'steps',
      model: 'step',
      record_function_enter: '__enter__',
      __exit__: 'steps',
    });
    expect(around).toEqual([
      'record_function_enter',
      '__enter__',
      'step',
      'model',
      'step',
      '__exit__',
    ]);
  });

  test('equal starts: the longer is outside, of equal lengths the first in the file', () => {
    const { parentOf } = nest([
      { name: 'inner', start: 0, end: 5 },
      { name: 'outer', start: 0, end: 10 },
      { name: 'twin caller', start: 20, end: 30, id: 1 },
      { name: 'twin called', start: 20, end: 30, id: 2, caller: 1 },
    ]);
    expect(parentOf).toEqual({
      outer: '',
      inner: 'outer',
      'twin caller': '',
      'twin called': 'twin caller',
    });
  });

  test('an end past its parent by no more than the resolution is rounding', () => {
    const rows = [
      { name: 'outer', start: 0, end: 1000 },
      { name: 'inner', start: 500, end: 1400 },
    ];
    expect(nest(rows, [], 1000).parentOf['inner']).toBe('outer');
    expect(nest(rows, [], 1).parentOf['inner']).toBe('');
  });

  test('a Python row whose recorded caller is not the nearest frame keeps the nearest', () => {
    const { parentOf } = nest([
      { name: 'inner', start: 0, end: 100, id: 1 },
      { name: 'hook', start: 10, end: 50, id: 2, caller: 1 },
      { name: 'append', start: 20, end: 21, id: 3, caller: 1 },
    ]);
    expect(parentOf['append']).toBe('hook');
  });
});

describe('rows the profiler never closed', () => {
  test('end with their caller, all the way down', () => {
    const { endOf, unclosed } = nest([
      { name: 'main', start: 0, end: 1000, id: 1 },
      { name: 'forward', start: 10, end: 100, id: 2, caller: 1 },
      { name: 'call_boxed', start: 20, end: 1000, id: 3, caller: 2 },
      { name: 'redispatch', start: 30, end: 1000, id: 4, caller: 3 },
    ]);
    expect(endOf).toEqual({ main: 1000, forward: 100, call_boxed: 100, redispatch: 100 });
    expect(unclosed).toBe(2);
  });

  test('are over when the same caller calls again, or their operator ends', () => {
    const { endOf, around } = nest(
      [
        { name: 'main', start: 0, end: 1000, id: 1 },
        { name: 'forward', start: 10, end: 500, id: 2, caller: 1 },
        { name: 'first', start: 20, end: 1000, id: 3, caller: 2 },
        { name: 'second', start: 100, end: 150, id: 4, caller: 2 },
        { name: 'custom op', start: 200, end: 300, kind: OP },
        { name: 'third', start: 210, end: 1000, id: 5, caller: 2 },
      ],
      [{ time: 50 }, { time: 120 }, { time: 160 }, { time: 250 }, { time: 350 }],
    );
    expect(endOf).toMatchObject({ first: 100, third: 300 });
    expect(around).toEqual(['first', 'second', 'forward', 'third', 'forward']);
  });

  test('a row that was closed is left as it is, whatever its siblings say', () => {
    const { endOf, unclosed } = nest([
      { name: 'main', start: 0, end: 100, id: 1 },
      { name: 'generator', start: 10, end: 60, id: 2, caller: 1 },
      { name: 'sibling', start: 20, end: 30, id: 3, caller: 1 },
    ]);
    expect(endOf['generator']).toBe(60);
    expect(unclosed).toBe(0);
  });
});

describe('hostile ids', () => {
  test('callers in a circle, unknown callers, itself as caller, ids far apart', () => {
    const { parentOf, endOf } = nest([
      { name: 'a', start: 0, end: 100, id: 1, caller: 2 },
      { name: 'b', start: 0, end: 90, id: 2, caller: 1 },
      { name: 'c', start: 10, end: 20, id: 9e15, caller: 77 },
      { name: 'd', start: 12, end: 15, id: 4, caller: 4 },
    ]);
    expect(endOf).toMatchObject({ c: 20, d: 15 });
    expect(parentOf['d']).toBe('c');
    // Whoever of the two is outside, no walk upwards is endless.
    expect([parentOf['a'], parentOf['b']]).toContain('');
  });
});

test('random trees: the same parents and launches as by looking at all ranges', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let round = 0; round < 30; round++) {
    const rows: Row[] = [];
    let nextId = 1;
    const grow = (start: number, end: number, caller: number | undefined, depth: number): void => {
      let at = start + 1 + random(5);
      while (at + 4 < end && rows.length < 300) {
        const stop = Math.min(end - 1, at + 4 + random(Math.max(1, (end - at) / 2)));
        const python = random(2) === 0;
        const id = python ? nextId++ : undefined;
        rows.push({
          name: `r${rows.length}`,
          start: at,
          end: stop,
          ...(id === undefined ? {} : { id, ...(caller === undefined ? {} : { caller }) }),
        });
        if (depth < 12) {
          grow(at, stop, id ?? caller, depth + 1);
        }
        at = stop + 1 + random(4);
      }
    };
    grow(0, 4000, undefined, 0);
    const shuffled = [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));
    const launches = Array.from({ length: 200 }, () => ({ time: random(4000) })).sort(
      (a, b) => a.time - b.time,
    );
    const result = nest(shuffled, launches);
    const innermost = (time: number, except?: Row): string =>
      shuffled
        .filter((r) => r !== except && r.start <= time && time < r.end)
        .sort((a, b) => a.end - a.start - (b.end - b.start))[0]?.name ?? '';
    expect(result.around).toEqual(launches.map(({ time }) => innermost(time)));
    for (const row of shuffled) {
      expect(result.parentOf[row.name]).toBe(innermost(row.start, row));
    }
    expect(result.unclosed).toBe(0);
  }
});

test('time order is that of a plain sort', () => {
  let seed = 99;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (const count of [0, 1, 2, 3, 10, 1000]) {
    const start = Float64Array.from({ length: count }, () => random(50));
    const duration = Float64Array.from({ length: count }, () => random(5));
    const expected = Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => start[a] - start[b] || duration[b] - duration[a] || a - b,
    );
    expect([...timeOrder(start, duration, count)]).toEqual(expected);
  }
});

describe('several processes in one file', () => {
  test('equal Python ids on other lanes do not lose the caller', () => {
    // Both processes count from 1. The caller's call is cut back to it, so the callers have to be found.
    const { parentOf, endOf } = nest([
      { name: 'main of one', start: 0, end: 50, id: 1, lane: 0 },
      { name: 'forward of one', start: 10, end: 90, id: 2, caller: 1, lane: 0 },
      { name: 'main of two', start: 0, end: 60, id: 1, lane: 1 },
      { name: 'forward of two', start: 10, end: 90, id: 2, caller: 1, lane: 1 },
    ]);
    expect(parentOf).toMatchObject({
      'forward of one': 'main of one',
      'forward of two': 'main of two',
    });
    expect(endOf).toMatchObject({ 'forward of one': 50, 'forward of two': 60 });
  });
});
