import { describe, expect, it } from 'vitest';
import {
  HOST_KINDS,
  KERNEL,
  MEMCPY,
  MEMSET,
  NO_STACK,
  type Trace,
} from '../../../src/trace/index.js';
import { folderState, makeDatabase, openBytes, openFile, plainSql, sum } from './reading.js';

const ARTICLE = 'test/fixtures/flat/article_600.db';
const AWKWARD = 'test/fixtures/flat/awkward.db';

function gpuRow(trace: Trace, name: string): number {
  const id = trace.names.find(name);
  return id === undefined ? -1 : trace.gpu.name.indexOf(id);
}

describe('a cut of the article’s trace', () => {
  it('has the rows, names and sums plain SQL finds', async () => {
    const trace = await openFile(ARTICLE);
    const groups = await plainSql(
      ARTICLE,
      "SELECT name, count(*), sum(duration_us) * 1000 FROM events WHERE source = 'cuda' GROUP BY name",
    );
    expect(groups.length).toBeGreaterThan(5);
    let rows = 0;
    for (const [name, count, ns] of groups) {
      const id = trace.names.find(String(name));
      const mine = trace.gpu.name.filter((n) => n === id).length;
      expect([name, mine]).toEqual([name, count]);
      expect(sum(trace.gpu.duration, (i) => trace.gpu.name[i] === id)).toBeCloseTo(Number(ns), 3);
      rows += mine;
    }
    expect(trace.gpu.count).toBe(rows);
    const [[hostRows]] = await plainSql(
      ARTICLE,
      "SELECT count(*) FROM events WHERE source = 'host'",
    );
    expect(trace.host.count).toBe(hostRows);
    expect(trace.report).toMatchObject({
      rowsInFile: 600,
      rowsRead: 600,
      skipped: [],
      warnings: [],
    });
    expect(trace.report.rowsCounted).toBeNull();
  });

  it('has exact times: origin and every start to the nanosecond', async () => {
    const trace = await openFile(ARTICLE);
    const [[origin]] = await plainSql(ARTICLE, 'SELECT min(timestamp) FROM events');
    expect(trace.clock.originNs).toBe(origin);
    expect(trace.clock.epoch).toBe('unix');
    const starts = await plainSql(
      ARTICLE,
      `SELECT timestamp - ${String(origin)} FROM events WHERE source = 'cuda' ORDER BY timestamp`,
    );
    expect(Array.from(trace.gpu.start)).toEqual(starts.map(([start]) => start));
    const [[span]] = await plainSql(
      ARTICLE,
      `SELECT max(timestamp - ${String(origin)} + duration_us * 1000) FROM events`,
    );
    expect(trace.spanNs).toBeCloseTo(Number(span), 3);
  });

  it('has the durations the decimals in the file mean', async () => {
    const trace = await openFile(ARTICLE);
    const text = await plainSql(
      ARTICLE,
      "SELECT printf('%.3f', duration_us) FROM events WHERE source = 'cuda' ORDER BY timestamp",
    );
    expect(Array.from(trace.gpu.duration)).toEqual(
      text.map(([us]) => Number(String(us).replace('.', ''))),
    );
  });

  it('leaves file and folder as they were', async () => {
    const before = folderState(ARTICLE);
    await openFile(ARTICLE);
    expect(folderState(ARTICLE)).toEqual(before);
  });
});

describe('awkward rows', () => {
  it('are kept or counted by reason, none silently', async () => {
    const { report, gpu, launches, host } = await openFile(AWKWARD);
    expect(Object.fromEntries(report.skipped.map(({ reason, rows }) => [reason, rows]))).toEqual({
      'a time more than 104 days from the others': 1,
      'no timestamp': 2,
      'no duration': 2,
      'a negative duration': 1,
      'a duration of more than 104 days': 2,
    });
    const [[rows]] = await plainSql(AWKWARD, 'SELECT count(*) FROM events');
    expect(report.rowsInFile).toBe(rows);
    expect(report.rowsRead).toBe(gpu.count + launches.count + host.count);
    expect(report.rowsInFile - report.rowsRead).toBe(8);
    expect(report.warnings.map(({ code, rows: n }) => [code, n])).toEqual([
      ['damaged-rows', 8],
      ['unnamed', 2],
      ['no-source', 1],
      ['api-names', 1],
      ['unreadable-stack', 2],
      ['unused-columns', 0],
    ]);
    const [unused] = report.warnings.filter(({ code }) => code === 'unused-columns');
    expect(unused.message).toContain('step, col "x');
  });

  it('have times and durations of every column type', async () => {
    const trace = await openFile(AWKWARD);
    const at = (name: string): number[] => {
      const row = gpuRow(trace, name);
      return [trace.gpu.start[row], trace.gpu.duration[row]];
    };
    expect(trace.clock.originNs).toBe(1777334400000000123n);
    expect(at('plain_kernel')).toEqual([0, 1500]);
    expect(at('text_time_kernel')).toEqual([1, 2250]);
    expect(at('integer_kernel')).toEqual([1000, 3000]);
    expect(at('zero_long')).toEqual([2000, 0]);
  });

  it('keep hostile names as they are', async () => {
    const trace = await openFile(AWKWARD);
    for (const name of [
      '<img src=x onerror=alert(1)>',
      '\u001b[31mred\u001b[0m\u0007',
      'safe\u202egnp.exe',
      'x'.repeat(70_000),
      "Robert'); DROP TABLE events;--",
      'k\ufffd',
    ]) {
      expect(gpuRow(trace, name)).toBeGreaterThanOrEqual(0);
    }
  });

  it('are sorted by kind: copies, sets, API calls, host events', async () => {
    const trace = await openFile(AWKWARD);
    const kind = (name: string): number => trace.gpu.kind[gpuRow(trace, name)];
    expect(kind('Memcpy HtoD (Pageable -> Device)')).toBe(MEMCPY);
    expect(trace.gpu.bytes[gpuRow(trace, 'Memcpy HtoD (Pageable -> Device)')]).toBe(4096);
    expect(kind('[CUDA memset]')).toBe(MEMSET);
    expect(kind('memcpy_async_kernel')).toBe(KERNEL);
    expect(trace.gpu.bytes[gpuRow(trace, 'memcpy_async_kernel')]).toBeNaN();
    expect(trace.launches.count).toBe(1);
    expect(trace.launches.duration[0]).toBe(106_000);
    const kinds = Array.from(trace.host.name, (name, i) => [
      trace.names.get(name),
      HOST_KINDS[trace.host.kind[i]],
    ]);
    expect(kinds).toEqual([
      ['(no name)', 'other'],
      ['sched_switch', 'scheduler'],
      ['mm_page_alloc', 'memory'],
      ['process_fork', 'process'],
      ['anything', 'io'],
      ['whatever', 'network'],
      ['mystery', 'other'],
    ]);
  });

  it('lie on a lane for each rank, device and stream, and each thread', async () => {
    const trace = await openFile(AWKWARD);
    expect(trace.ranks.map(({ rank, worldSize, label }) => [rank, worldSize, label])).toEqual([
      [-1, 2, 'awkward.db'],
      [0, 2, 'rank 0'],
      [1, 2, 'rank 1'],
    ]);
    const used = new Set(trace.gpu.lane);
    const lanes = trace.lanes
      .map((lane, i) => ({ lane, i }))
      .filter(({ i }) => used.has(i))
      .map(({ lane }) => `${trace.ranks[lane.rank].rank}/${lane.device}/${lane.label}`);
    expect(new Set(lanes).size).toBe(lanes.length);
    expect(lanes).toEqual(
      expect.arrayContaining(['0/0/stream 7', '1/1/stream 8', '0/0/stream 9', '1/1/stream 7']),
    );
    const threads = trace.lanes.filter(({ kind }) => kind === 'thread').map(({ label }) => label);
    expect(threads).toEqual(['host', 'thread 43', 'thread 44']);
  });

  it('have stacks in every way of writing, leaf first', async () => {
    const trace = await openFile(AWKWARD);
    const id = trace.names.find('with_stack');
    const rows = Array.from(trace.gpu.name.keys()).filter((i) => trace.gpu.name[i] === id);
    const frames = rows.map((row) => {
      const stack = trace.gpu.stack[row];
      return stack === NO_STACK
        ? null
        : Array.from(trace.stacks.stacks[stack], (frame) => {
            const { file, line, function: name, library } = trace.stacks.frames[frame];
            return [file, line, name, library].join('|');
          });
    });
    expect(frames).toEqual([
      ['/srv/m.py|12|forward|', '/srv/serve.py|3|main|'],
      ['m.py|12|forward|', 'serve.py|3|main|'],
      ['|0|cudaLaunchKernel|libcudart.so', '/srv/m.py|12|forward|'],
      ['m.py|12|forward|', 'serve.py|3|main|'],
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(trace.launches.stack[0]).toBeGreaterThanOrEqual(0);
  });
});

describe('tables of other shapes', () => {
  it('with nothing but time, name and duration in ns: all rows are GPU events', async () => {
    const trace = await openBytes(
      await makeDatabase(
        'CREATE TABLE Events(TimeStamp INTEGER, NAME TEXT, Duration INTEGER)',
        "INSERT INTO Events VALUES (5000, 'b', 20), (1000, 'a', 10)",
      ),
    );
    expect(trace.clock).toEqual({ originNs: 1000n, epoch: 'session', fileBaseNs: 0n });
    expect(Array.from(trace.gpu.start)).toEqual([0, 4000]);
    expect(Array.from(trace.gpu.duration)).toEqual([10, 20]);
    expect(Array.from(trace.gpu.name, (id) => trace.names.get(id))).toEqual(['a', 'b']);
    expect(trace.spanNs).toBe(4020);
    expect(trace.report.missing).toEqual(expect.arrayContaining(['streams', 'devices']));
  });

  it('without rowids', async () => {
    const keyed = await openBytes(
      await makeDatabase(
        'CREATE TABLE events(timestamp INTEGER PRIMARY KEY, name TEXT, duration_ns INTEGER) WITHOUT ROWID',
        "INSERT INTO events VALUES (10, 'x', 7)",
      ),
    );
    expect(Array.from(keyed.gpu.duration)).toEqual([7]);
  });

  it('with more rows than one slice, and rowids with gaps and below zero', async () => {
    const trace = await openBytes(
      await makeDatabase(
        'CREATE TABLE events(id INTEGER PRIMARY KEY, timestamp INTEGER, name TEXT, duration_us REAL)',
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 119999)
         INSERT INTO events SELECT i * 3 - 5000, i * 10, 'k' || (i % 5), i % 100 FROM n`,
      ),
    );
    expect(trace.gpu.count).toBe(120_000);
    expect(sum(trace.gpu.duration)).toBe(1200 * 4950 * 1000);
  });

  it('with times as floating-point numbers: read, and told as inexact', async () => {
    const trace = await openBytes(
      await makeDatabase(
        'CREATE TABLE events(timestamp REAL, name TEXT, duration_us REAL)',
        "INSERT INTO events VALUES (1777334400000000123, 'a', 1), (1777334400000001123, 'b', 1)",
      ),
    );
    expect(trace.gpu.start[1] - trace.gpu.start[0]).toBe(1024);
    expect(trace.report.warnings.map(({ code, rows }) => [code, rows])).toEqual([
      ['coarse-times', 2],
    ]);
  });

  it('with devices by number and by name: no two of them become one', async () => {
    const bytes = await makeDatabase(
      'CREATE TABLE events(timestamp, name, duration_us, gpu_id)',
      "INSERT INTO events VALUES (0, 'k', 10, 'GPU-aaaa'), (0, 'k', 10, 0), (0, 'k', 10, 'GPU-bbbb'), (0, 'k', 10, 2)",
    );
    const trace = await openBytes(bytes);
    expect(trace.lanes.map((lane) => lane.device)).toEqual([1, 0, 3, 2]);
  });

  it('with dates for times: rows without a time, not rows of the year 2026', async () => {
    const bytes = await makeDatabase(
      'CREATE TABLE events(timestamp, name, duration_us)',
      "INSERT INTO events VALUES ('2026-11-22', 'k', 1), ('2026-11-22T01:02:03', 'k', 1), (' 1e3 ', 'k', '2.5'), ('12', 'k', '1.2.3'), ('-5', 'k', '1')",
    );
    const trace = await openBytes(bytes);
    expect(trace.report.skipped).toEqual([
      { reason: 'no timestamp', rows: 2 },
      { reason: 'no duration', rows: 1 },
    ]);
    expect([...trace.gpu.start]).toEqual([0, 1005]);
    expect([...trace.gpu.duration]).toEqual([1000, 2500]);
  });

  it('without any row: an empty trace', async () => {
    const trace = await openBytes(
      await makeDatabase('CREATE TABLE events(timestamp, name, duration_us)'),
    );
    expect(trace.gpu.count).toBe(0);
    expect(trace.spanNs).toBe(0);
    expect(trace.report.rowsInFile).toBe(0);
  });
});
