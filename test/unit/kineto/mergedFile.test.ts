import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { TraceRun } from '../../../src/formats/ranks/traceRun.js';
import { kinetoReader } from '../../../src/formats/kineto/kinetoReader.js';
import { everything } from './everything.js';
import { FIXTURES, readFixture, readText, skippedRows, sourceOf } from './readFixture.js';

const RANKS = ['two-ranks.rank0.pt.trace.json.gz', 'two-ranks.rank1.pt.trace.json.gz'];

interface TraceFile {
  readonly traceEvents: readonly { readonly pid: number | string }[];
  readonly deviceProperties?: readonly unknown[];
}

/** Both ranks in one file as SGLang merges them: what the first states of itself, the GPUs of all. */
function merged(labels: readonly string[]): string {
  const files = RANKS.map(
    (name) => JSON.parse(gunzipSync(readFileSync(FIXTURES + name)).toString('utf8')) as TraceFile,
  );
  return JSON.stringify({
    ...files[1],
    ...files[0],
    deviceProperties: files.flatMap((file) => file.deviceProperties ?? []),
    traceEvents: files.flatMap(({ traceEvents }, i) =>
      traceEvents.map((event) => ({ ...event, pid: `[${labels[i]}] ${event.pid}` })),
    ),
  });
}

describe('a file of several ranks', () => {
  test('is read as its ranks would be from files of their own', async () => {
    const trace = await readText(merged(['TP00', 'TP01']), 'merged-1.trace.json');
    const apart = mergeRanks(await Promise.all(RANKS.map(readFixture)));
    expect(everything(trace)).toEqual(everything(apart));
    expect(trace.gpu.count).toBeGreaterThan(100);
    expect(trace.ranks.map(({ rank, label, device }) => [rank, label, device])).toEqual(
      apart.ranks.map(({ rank, label, device }) => [rank, label, device]),
    );
    expect(trace.ranks.map(({ clock }) => clock)).toEqual(apart.ranks.map(({ clock }) => clock));
    expect(trace.files.map(({ name }) => name)).toEqual(['merged-1.trace.json']);
    const { rowsInFile, rowsRead, warnings, facts } = trace.report;
    expect([rowsInFile, rowsRead]).toEqual([apart.report.rowsInFile, apart.report.rowsRead]);
    expect(skippedRows(trace)).toEqual(skippedRows(apart));
    expect(warnings).toEqual(apart.report.warnings);
    expect(facts).toEqual(apart.report.facts);
  });

  test('has the names of its ranks where these are of several dimensions', async () => {
    const trace = await readText(merged(['TP00-DP00', 'TP00-DP01']));
    expect(trace.ranks.map(({ rank, label }) => [rank, label])).toEqual([
      [-1, 'TP00-DP00'],
      [-1, 'TP00-DP01'],
    ]);
  });

  test('counts what is damaged or names no rank with all else', async () => {
    const kernel = (pid: string, ts: number): string =>
      `{"ph":"X","cat":"kernel","name":"k","pid":${pid},"tid":7,"ts":${ts},"dur":2}`;
    const events = [
      kernel('"[TP00] 0"', 1),
      kernel('"[TP01] 1"', 2),
      kernel('"[TP01] 1"', 5),
      '{"ph":"M","name":"process_name","pid":"x","args":{"name":"y"}}',
      '{"ph":}',
    ];
    const trace = await readText(`{"traceEvents":[${events.join(',')}]}`);
    expect(trace.ranks.map(({ label }) => label)).toEqual(['rank 0', 'rank 1']);
    expect([trace.report.rowsInFile, trace.report.rowsRead]).toEqual([5, 3]);
    expect(skippedRows(trace)).toEqual({ 'process and thread names (M)': 1, 'damaged rows': 1 });
  });

  test.each(['[<img src=x>] 0', '[TP00]0', '[] 0', '[TP00', '[TP00] '])(
    'is not what a process called %s makes of it',
    async (pid) => {
      const events = [pid, 'other'].map((process, i) => ({
        ph: 'X',
        cat: 'cuda_runtime',
        name: 'cudaLaunchKernel',
        pid: process,
        tid: 1,
        ts: i,
        dur: 1,
      }));
      const trace = await readText(JSON.stringify({ traceEvents: events }));
      expect(trace.ranks.map(({ label }) => label)).toEqual(['trace.json']);
      expect(trace.lanes.map(({ process }) => process).sort()).toEqual([pid, 'other'].sort());
    },
  );

  test('is left out beside the files of its ranks', async () => {
    const texts = new Map([
      ...RANKS.map((name) => [name, readFileSync(FIXTURES + name)] as const),
      ['merged-1.trace.json', new TextEncoder().encode(merged(['TP00', 'TP01']))] as const,
    ]);
    const run = await TraceRun.of(
      [...texts].map(([name, bytes]) => ({
        path: name,
        name,
        named: true,
        open: () => Promise.resolve(sourceOf(name, bytes)),
      })),
      [kinetoReader],
    );
    const trace = await run.load({ kind: 'all' });
    const apart = mergeRanks(await Promise.all(RANKS.map(readFixture)));
    expect(trace.gpu.count).toBe(apart.gpu.count);
    expect(trace.report.warnings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('merged-1.trace.json was merged from the files of several ranks'),
    );
  });
});
