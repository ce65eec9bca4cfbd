import { describe, expect, test } from 'vitest';
import type { Trace } from '../../../src/trace/index.js';
import { expectSameCounters, fileTime } from './againstPlainJson.js';
import { plainTrace } from './plainJson.js';
import { FIXTURES, readFixture, readText, skippedRows } from './readFixture.js';

/** Tracks as lines: where, name, unit, and the samples at their times in the file. */
function tracks(trace: Trace): string[] {
  return trace.counters.map(
    ({ device, name, unit, source, time, value }) =>
      `${device} ${name} (${unit}) ${source}: ` +
      [...time].map((at, i) => `${fileTime(trace, at)}=${value[i]}`).join(' '),
  );
}

const KERNEL = '{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":100,"dur":9}';
const read = (...rows: string[]): Promise<Trace> => readText(`[${[KERNEL, ...rows].join(',\n')}]`);

describe('counters', () => {
  test('events of phase C and the memory profiler: tracks by device, samples by time', async () => {
    const trace = await readFixture('counters.json');
    expect(tracks(trace)).toEqual([
      '-1 queue [3] (process 300) () C: 101.000=1',
      '-1 queue [4] () C: 102.000=-2',
      '-1 queue [3] (process 301) () C: 103.000=3',
      '-1 Memory allocated (bytes) [memory]: 132.000=64',
      '-1 Memory reserved (bytes) [memory]: 132.000=0',
      '0 Memory allocated (bytes) [memory]: 90.500=1024 131.000=512',
      '0 Memory reserved (bytes) [memory]: 90.500=4194304 131.000=4194304',
      '0 SM activity: SMs Active () C: 120.125=12 130.000=40.5',
      '0 SM activity: Tensor Active () C: 120.125=0 130.000=3',
      '0 clock: value () C: 125.000=1980',
      '0 clock: clock () C: 145.000=1755.5',
      '1 SM activity: SMs Active () C: 120.125=99',
      '1 Memory allocated since the start (bytes) [memory]: 134.000=200 135.000=500 136.000=100',
    ]);
  });

  test('samples are no rows, and neither the start nor the span of the trace is theirs', async () => {
    const trace = await readFixture('counters.json');
    const { report } = trace;
    expect(report.samples).toEqual({ inFile: 19, read: 19 });
    expect([report.rowsInFile, report.rowsRead]).toEqual([4, 3]);
    expect(skippedRows(trace)).toEqual({ 'instant events (cpu_instant_event)': 1 });
    expect(fileTime(trace, 0)).toBe('100.000');
    expect(trace.spanNs).toBe(50_000);
    expect(trace.counters[5].time[0]).toBe(-9_500);
    expect(report.warnings.map((w) => w.code)).toEqual(['no-launch']);
  });

  test('every sample is that of the file, read plainly', async () => {
    const trace = await readFixture('counters.json');
    expectSameCounters(trace, plainTrace(FIXTURES + 'counters.json'));
  });

  test('what is no number and what has no time is left out and counted', async () => {
    const trace = await read(
      '{"ph":"C","name":"a","pid":0,"ts":101,"args":{"x":1,"y":"2","z":null,"w":{"deep":[1,{"x":9}]}}}',
      '{"ph":"C","name":"a","pid":0,"ts":102,"args":{"x":NaN,"y":-Infinity,"z":1e999,"w":true}}',
      '{"ph":"C","name":"a","pid":0,"args":{"x":5,"y":6}}',
      '{"ph":"C","name":"a","pid":0,"ts":"soon","args":{"x":7}}',
      '{"ph":"C","name":"a","pid":0,"ts":103}',
      '{"ph":"C","name":"a","pid":0,"ts":103,"args":{}}',
      '{"ph":"C","name":"a","pid":0,"ts":103,"args":[1,2]}',
      '{"ph":"C","pid":0,"ts":104,"args":{"nameless":8}}',
      '{"ph":"i","name":"[memory]","pid":0,"ts":104,"args":{"Device Id":0}}',
      '{"ph":"i","name":"[memory]","pid":0,"ts":104,"args":{"Bytes":1e300,"Device Id":0,"Device Type":1}}',
      `{"ph":"C","name":"a","pid":0,"ts":105,"args":{"x":${'9'.repeat(500)}}}`,
    );
    expect(tracks(trace)).toEqual([
      '0 a: x () C: 101.000=1',
      '0 a: y () C: 101.000=2',
      '0 : nameless () C: 104.000=8',
    ]);
    expect(trace.report.samples).toEqual({ inFile: 18, read: 3 });
    expect(trace.report.rowsInFile).toBe(1);
    expect(trace.report.warnings.find((w) => w.code === 'samples-left-out')).toEqual({
      code: 'samples-left-out',
      message: '15 counter samples were left out: without a number (12), without a time (3).',
      rows: 15,
    });
  });

  test('a file that names another counter in each row costs no more than 4,000 tracks', async () => {
    const rows = Array.from(
      { length: 5000 },
      (_, i) => `{"ph":"C","name":"c${i}","pid":0,"ts":${101 + i},"args":{"value":${i}}}`,
    );
    const trace = await read(...rows);
    expect(trace.counters.length).toBe(4000);
    expect(trace.report.samples).toEqual({ inFile: 5000, read: 4000 });
    expect(trace.report.warnings.find((w) => w.code === 'samples-left-out')?.rows).toBe(1000);
  });

  test('a trace of counters alone has no event and is refused', async () => {
    await expect(
      readText('[{"ph":"C","name":"a","pid":0,"ts":1,"args":{"x":1}}]'),
    ).rejects.toMatchObject({ code: 'not-a-trace' });
  });
});
