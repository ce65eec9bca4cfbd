import { describe, expect, test } from 'vitest';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { TraceOpenError, type CounterTrack, type Trace } from '../../../src/trace/index.js';
import { everything } from './everything.js';
import { readFixture, readText } from './readFixture.js';

const RANKS = ['two-ranks.rank0.pt.trace.json.gz', 'two-ranks.rank1.pt.trace.json.gz'];
const readRanks = (): Promise<Trace[]> => Promise.all(RANKS.map(readFixture));

describe('two ranks of one run', () => {
  test('every row and every link is that of its own file, on one clock, in time order', async () => {
    const parts = await readRanks();
    const merged = mergeRanks(parts);
    const found = everything(merged);
    const expected = parts.map(everything);
    for (const table of ['gpu', 'launches', 'ranges', 'host']) {
      expect([...found[table]].sort()).toEqual(expected.flatMap((e) => e[table]).sort());
    }
    for (const table of [merged.gpu, merged.launches, merged.ranges, merged.host]) {
      expect(table.start.every((start, i) => i === 0 || table.start[i - 1] <= start)).toBe(true);
    }
    const origins = parts.map((p) => p.clock.originNs);
    expect(origins[0]).not.toBe(origins[1]);
    expect(merged.clock.originNs).toBe(origins[0] < origins[1] ? origins[0] : origins[1]);
    const ends = parts.map((p) => p.clock.originNs + BigInt(p.spanNs));
    expect(merged.clock.originNs + BigInt(merged.spanNs)).toBe(
      ends[0] > ends[1] ? ends[0] : ends[1],
    );
    expect(merged.ranges.parent.every((parent, i) => parent < i)).toBe(true);
  });

  test('ranks come by number whatever the order of the files', async () => {
    const parts = await readRanks();
    const merged = mergeRanks([...parts].reverse());
    expect(merged.ranks.map((r) => [r.rank, r.label])).toEqual([
      [0, 'rank 0'],
      [1, 'rank 1'],
    ]);
    expect(merged.files.map((f) => f.name)).toEqual(RANKS);
    expect(everything(merged)).toEqual(everything(mergeRanks(parts)));
  });

  test('what any of them recorded is recorded, where one paused', async () => {
    const [first, second] = await readRanks();
    const originNs = first.clock.originNs;
    const at = (part: Trace, by: bigint, recorded?: Trace['recorded']): Trace => ({
      ...part,
      clock: { ...part.clock, originNs: originNs + by },
      spanNs: 1_000,
      ...(recorded !== undefined && { recorded }),
    });
    const pausing = at(first, 0n, [
      { start: 0, end: 200 },
      { start: 700, end: 1_000 },
    ]);
    const pauses = (...parts: Trace[]) =>
      mergeRanks(parts).recorded?.map(({ start, end }) => [start, end]);
    expect(pauses(pausing, at(second, 800n))).toEqual([
      [0, 200],
      [700, 1_800],
    ]);
    expect(pauses(pausing, at(second, 100n))).toEqual([[0, 1_100]]);
    expect(pauses(at(first, 0n), at(second, 5_000n))).toBeUndefined();
  });

  test('counters keep their rank, their absolute times and their values', async () => {
    const track = (rank: number, value: number): CounterTrack => ({
      name: 'SM active',
      unit: '%',
      rank,
      device: 0,
      source: 'test',
      time: Float64Array.of(0, 1_000),
      value: Float64Array.of(value, value + 1),
    });
    const parts = (await readRanks()).map((part, i) => ({
      ...part,
      counters: [track(0, 10 * i)],
      report: { ...part.report, samples: { inFile: 3, read: 2 } },
    }));
    const merged = mergeRanks(parts);
    expect(
      merged.counters.map(({ rank, time, value }) => [
        merged.ranks[rank].rank,
        [...time].map((ns) => merged.clock.originNs + BigInt(ns)),
        [...value],
      ]),
    ).toEqual(
      parts.map(({ clock: { originNs } }, i) => [
        i,
        [originNs, originNs + 1_000n],
        [10 * i, 10 * i + 1],
      ]),
    );
    expect(merged.report.samples).toEqual({ inFile: 6, read: 4 });
  });

  test('reports add up; warnings and unequal facts name their rank', async () => {
    const parts = await readRanks();
    const { report } = mergeRanks(parts);
    expect(report.rowsInFile).toBe(parts[0].report.rowsInFile + parts[1].report.rowsInFile);
    expect(report.rowsRead).toBe(parts[0].report.rowsRead + parts[1].report.rowsRead);
    expect(report.skipped.reduce((sum, s) => sum + s.rows, 0)).toBe(
      report.rowsInFile - report.rowsRead,
    );
    expect(report.warnings.map((w) => w.message)).toEqual(
      parts.flatMap((p, i) => p.report.warnings.map((w) => `rank ${i}: ${w.message}`)),
    );
    expect(report.warnings.length).toBeGreaterThan(0);
    expect(report.facts).toEqual(parts[0].report.facts);
  });

  test('one trace is given back as it is', async () => {
    const [trace] = await readRanks();
    expect(mergeRanks([trace])).toBe(trace);
  });
});

const file = (events: string, more = ''): string =>
  `{"schemaVersion":1${more},"traceEvents":[${events}]}`;
const kernel = (ts: string, name = 'k'): string =>
  `{"ph":"X","cat":"kernel","name":"${name}","pid":0,"tid":7,"ts":${ts},"dur":1}`;

describe('ranks that do not fit well', () => {
  test('two files of the same rank are kept and told apart', async () => {
    const rank = ',"baseTimeNanoseconds":1000000000,"distributedInfo":{"rank":0,"world_size":2}';
    const merged = mergeRanks([
      await readText(file(kernel('1'), rank), 'runs/a/first.json'),
      await readText(file(kernel('1.5'), rank), 'runs/b/second.json'),
    ]);
    expect(merged.ranks.map((r) => r.label)).toEqual([
      'rank 0 (first.json)',
      'rank 0 (second.json)',
    ]);
    expect(merged.report.warnings[0]).toMatchObject({ code: 'duplicate-rank' });
    expect(merged.gpu.count).toBe(2);
  });

  test('and by their paths where the names are the same too', async () => {
    const rank = ',"distributedInfo":{"rank":0}';
    const merged = mergeRanks([
      await readText(file(kernel('1'), rank), 'a/trace.json'),
      await readText(file(kernel('1'), rank), 'b/trace.json'),
    ]);
    expect(new Set(merged.ranks.map((r) => r.label)).size).toBe(2);
  });

  test('clocks without a common zero get a warning', async () => {
    const merged = mergeRanks([
      await readText(file(kernel('100')), 'rank0.json'),
      await readText(file(kernel('150.5')), 'rank1.json'),
    ]);
    expect(merged.clock.epoch).toBe('session');
    expect([...merged.gpu.start]).toEqual([0, 50_500]);
    expect(merged.report.warnings.map((w) => w.code)).toContain('session-clocks');
  });

  test('different bases are put on one clock exactly, and said', async () => {
    const merged = mergeRanks([
      await readText(file(kernel('5'), ',"baseTimeNanoseconds":1790857026000000000'), 'rank0.json'),
      await readText(file(kernel('5'), ',"baseTimeNanoseconds":1790857026000000007'), 'rank1.json'),
    ]);
    expect([...merged.gpu.start]).toEqual([0, 7]);
    expect(merged.report.warnings.map((w) => w.code)).toContain('different-bases');
  });

  const refusal = async (...texts: string[]): Promise<TraceOpenError> => {
    const parts = await Promise.all(texts.map((t, i) => readText(t, `rank${i}.json`)));
    try {
      mergeRanks(parts);
    } catch (error) {
      expect(error).toBeInstanceOf(TraceOpenError);
      return error as TraceOpenError;
    }
    throw new Error('was not refused');
  };

  test('absolute and relative times are not mixed', async () => {
    const error = await refusal(file(kernel('5')), file(kernel('1700000000000000')));
    expect(error.message).toContain('absolute times');
  });

  test('nor runs of different years', async () => {
    const error = await refusal(file(kernel('1600000000000000')), file(kernel('1700000000000000')));
    expect(error.message).toContain('100 days');
  });

  test('nor different formats', async () => {
    const [a, b] = await Promise.all([readText(file(kernel('1'))), readText(file(kernel('2')))]);
    expect(() => mergeRanks([a, { ...b, format: 'flat', formatLabel: 'events table' }])).toThrow(
      /different formats.*events table/,
    );
  });
});
