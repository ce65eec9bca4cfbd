import { expect } from 'vitest';
import type { TimedColumns, Trace } from '../../../src/trace/index.js';
import { nsOfText, textOfNs, type PlainEvent, type PlainTrace } from './plainJson.js';

const GPU = /^(kernel|gpu_memcpy|gpu_memset|Kernel|Memcpy|Memset)$/;
const LAUNCH = /^(cuda_runtime|cuda_driver|Runtime)$/;
const RANGE = /^(python_function|cpu_op|Operator|user_annotation)$/;

/** The time of a row as the file has it, µs with three decimals. */
export function fileTime(trace: Trace, start: number): string {
  return textOfNs(trace.clock.originNs - trace.clock.fileBaseNs + BigInt(start));
}

/** Rows that only one side has, at most a few; comparing whole lists would take minutes. */
function expectSameSet(found: readonly string[], expected: readonly string[]): void {
  const left = new Map<string, number>();
  for (const row of expected) {
    left.set(row, (left.get(row) ?? 0) + 1);
  }
  const extra: string[] = [];
  for (const row of found) {
    const n = left.get(row) ?? 0;
    if (n === 0) {
      extra.push(row);
    } else {
      left.set(row, n - 1);
    }
  }
  const missing = [...left].filter(([, n]) => n > 0).map(([row]) => row);
  expect({ extra: extra.slice(0, 3), missing: missing.slice(0, 3), rows: found.length }).toEqual({
    extra: [],
    missing: [],
    rows: expected.length,
  });
}

function columnRows(trace: Trace, table: TimedColumns, withDuration: boolean): string[] {
  return Array.from({ length: table.count }, (_, i) =>
    [
      fileTime(trace, table.start[i]),
      withDuration ? table.duration[i] : '',
      trace.names.get(table.name[i]),
      trace.lanes[table.lane[i]].id,
    ].join('\t'),
  );
}

function plainRows(events: readonly PlainEvent[], withDuration: boolean, gpu: boolean): string[] {
  return events.map((e) =>
    [
      textOfNs(nsOfText(e.tsText)),
      withDuration ? nsOfText(e.durText ?? '') : '',
      e.name,
      gpu ? (e.args?.['stream'] ?? String(e.tid).replace('stream ', '')) : e.tid,
    ].join('\t'),
  );
}

/** Of calls that share a correlation id the one that launches, else the one that copies or sets. */
function strongest(calls: readonly PlainEvent[]): PlainEvent {
  return (
    calls.find((c) => /launch/i.test(c.name)) ??
    calls.find((c) => /memcpy|memset/i.test(c.name)) ??
    calls[0]
  );
}

function isSample(e: PlainEvent): boolean {
  return e.ph === 'C' || (e.ph === 'i' && e.name === '[memory]');
}

/**
 * Every sample of every counter against the file: its time, its value, its device where the memory
 * profiler states it; for files in which every sample has a number and a time.
 */
export function expectSameCounters(trace: Trace, plain: PlainTrace): void {
  const found = trace.counters.flatMap(({ source, device, name, time, value }) =>
    Array.from(time, (at, i) => {
      const change = name.startsWith('Memory allocated since');
      const stated = change && i > 0 ? value[i] - value[i - 1] : value[i];
      const what = source === 'C' ? 'C' : `${device} ${name.replace(/ \(process .*/, '')}`;
      return [fileTime(trace, at), what, stated].join('\t');
    }),
  );
  const expected = plain.events.filter(isSample).flatMap((e) => {
    const args = e.args ?? {};
    const at = textOfNs(nsOfText(e.tsText));
    if (e.ph === 'C') {
      return Object.values(args).map((value) => [at, 'C', value].join('\t'));
    }
    const device = args['Device Type'] === 0 ? -1 : args['Device Id'];
    return 'Total Allocated' in args
      ? [
          [at, `${device} Memory allocated`, args['Total Allocated']].join('\t'),
          [at, `${device} Memory reserved`, args['Total Reserved']].join('\t'),
        ]
      : [[at, `${device} Memory allocated since the start`, args['Bytes']].join('\t')];
  });
  expectSameSet(found, expected);
  expect(trace.report.samples?.read ?? 0).toBe(expected.length);
  expect(trace.report.samples?.inFile ?? 0).toBe(expected.length);
  for (const { time } of trace.counters) {
    expect(time.every((at, i) => i === 0 || at >= time[i - 1])).toBe(true);
  }
}

/**
 * Every row of the columns against every row of the file: time, duration, name, stream or thread; the
 * links of GPU events by correlation id; sizes; the counts of the report.
 */
export function expectSameRows(trace: Trace, plain: PlainTrace): void {
  const complete = plain.events.filter((e) => e.ph === 'X');
  const of = (categories: RegExp): PlainEvent[] =>
    complete.filter((e) => categories.test(e.cat ?? ''));
  const gpu = of(GPU);
  const launches = of(LAUNCH);

  expectSameSet(columnRows(trace, trace.gpu, true), plainRows(gpu, true, true));
  expectSameSet(columnRows(trace, trace.launches, true), plainRows(launches, true, false));
  // Durations of ranges may be cut back to their caller's end: they have tests of their own.
  expectSameSet(columnRows(trace, trace.ranges, false), plainRows(of(RANGE), false, false));
  expect(trace.host.count).toBe(of(/^overhead$/).length);

  for (const table of [trace.gpu, trace.launches, trace.ranges, trace.host]) {
    expect(table.start.every((start, i) => i === 0 || start >= table.start[i - 1])).toBe(true);
  }

  const calls = new Map<unknown, PlainEvent[]>();
  for (const call of launches) {
    const id = call.args?.['correlation'];
    const others = calls.get(id);
    if (others === undefined) {
      calls.set(id, [call]);
    } else {
      others.push(call);
    }
  }
  const key = (ts: string, name: string, correlation: number): string =>
    [ts, name, correlation].join('\t');
  const byKey = new Map(
    gpu.map((e) => [key(textOfNs(nsOfText(e.tsText)), e.name, Number(e.args?.['correlation'])), e]),
  );
  const found: string[] = [];
  const expected: string[] = [];
  for (let i = 0; i < trace.gpu.count; i++) {
    const at = fileTime(trace, trace.gpu.start[i]);
    const name = trace.names.get(trace.gpu.name[i]);
    const event = byKey.get(key(at, name, trace.gpu.correlation[i]));
    const args = event?.args ?? {};
    const candidates = calls.get(args['correlation']) ?? [];
    const launch = trace.gpu.launch[i];
    const shape = trace.kernelShapes[trace.gpu.shape[i]];
    found.push(
      JSON.stringify([
        at,
        trace.gpu.correlation[i],
        launch < 0 ? 'none' : fileTime(trace, trace.launches.start[launch]),
        trace.gpu.replayed[i],
        trace.gpu.bytes[i],
        shape?.grid,
        shape?.block,
        trace.names.get(trace.gpu.collective[i]),
      ]),
    );
    expected.push(
      JSON.stringify([
        at,
        Number(args['correlation']),
        candidates.length === 0 ? 'none' : textOfNs(nsOfText(strongest(candidates).tsText)),
        candidates.some((c) => /GraphLaunch/.test(c.name)) ? 1 : 0,
        args['bytes'] === undefined ? NaN : Number(args['bytes']),
        args['grid'],
        args['block'],
        args['Collective name'] ?? '',
      ]),
    );
  }
  expectSameSet(found, expected);

  expectSameCounters(trace, plain);
  const report = trace.report;
  expect(report.rowsInFile).toBe(plain.events.filter((e) => !isSample(e)).length);
  expect(report.rowsRead).toBe(
    trace.gpu.count + trace.launches.count + trace.ranges.count + trace.host.count,
  );
  expect(report.skipped.reduce((sum, s) => sum + s.rows, 0)).toBe(
    report.rowsInFile - report.rowsRead,
  );
}
