import { describe, expect, it } from 'vitest';
import {
  countedCalls,
  DANGLING_STACK,
  HOST_KINDS,
  NO_STACK,
  timeKindOf,
  type Trace,
} from '../../../src/trace/index.js';
import { folderState, makeDatabase, openBytes, openFile, plainSql, sum } from './reading.js';

const PLAIN = 'test/fixtures/ingero/plain_0.8.db';
const OVERWRITTEN = 'test/fixtures/ingero/overwritten_counts_0.8.db';
const RANKS = 'test/fixtures/ingero/two_ranks_0.9.db';
const FUTURE = 'test/fixtures/ingero/future_0.10.db';

function warningCodes(trace: Trace): string[] {
  return trace.report.warnings.map(({ code }) => code);
}

describe.each([PLAIN, OVERWRITTEN, RANKS, FUTURE])('%s', (file) => {
  it('has the rows and sums of plain SQL, by source and operation', async () => {
    const trace = await openFile(file);
    const groups = await plainSql(
      file,
      `SELECT coalesce(o.name, e.source || ' ' || e.op), e.source IN (1, 4, 8), count(*), sum(duration)
       FROM events e LEFT JOIN ops o ON o.source_id = e.source AND o.op_id = e.op GROUP BY e.source, e.op`,
    );
    const named = new Map([
      ['8 4', 'graphLaunch'],
      ['42 5', 'source 42 operation 5'],
    ]);
    let rows = 0;
    for (const [name, isApi, count, duration] of groups) {
      const id = trace.names.find(named.get(String(name)) ?? String(name));
      const table = isApi === 1 ? trace.launches : trace.host;
      expect([name, table.name.filter((n) => n === id).length]).toEqual([name, count]);
      expect(sum(table.duration, (i) => table.name[i] === id)).toBe(duration);
      rows += Number(count);
    }
    expect(rows).toBe(trace.report.rowsRead);
    expect(trace.report.rowsInFile).toBe(rows);
    expect(trace.gpu.count).toBe(0);
    expect(timeKindOf(trace)).toBe('host_api');
  });

  it('stamps API calls at their start and all else at its end, exact to the nanosecond', async () => {
    const trace = await openFile(file);
    const [[origin]] = await plainSql(
      file,
      'SELECT min(CASE WHEN source IN (1, 4, 8) THEN timestamp ELSE timestamp - duration END) FROM events WHERE source <> 42',
    );
    expect(trace.clock.originNs).toBe(origin);
    const starts = async (where: string, start: string): Promise<unknown[]> =>
      (
        await plainSql(
          file,
          `SELECT ${start} - ${String(origin)} FROM events WHERE ${where} ORDER BY 1`,
        )
      ).map(([value]) => value);
    expect(Array.from(trace.launches.start)).toEqual(
      await starts('source IN (1, 4, 8)', 'timestamp'),
    );
    expect(Array.from(trace.host.start)).toEqual(
      await starts(
        'source NOT IN (1, 4, 8)',
        '(CASE WHEN source = 42 THEN timestamp ELSE timestamp - duration END)',
      ),
    );
  });

  it('keeps hashes apart that are one double, and tells dangling ones', async () => {
    const trace = await openFile(file);
    const groups = await plainSql(
      file,
      'SELECT CAST(stack_hash AS TEXT), count(*) FROM events WHERE stack_hash <> 0 GROUP BY 1',
    );
    const counts = new Map(groups.map(([hash, n]) => [String(hash), Number(n)]));
    const withLeaf = (leaf: string): number =>
      trace.launches.stack.filter((stack) => {
        const frames = stack < 0 ? undefined : trace.stacks.stacks[stack];
        return frames !== undefined && trace.stacks.frames[frames[0]].function === leaf;
      }).length;
    expect(withLeaf('_Z6launchv')).toBe(counts.get('-9188268837848188190'));
    expect(withLeaf('cudaMalloc')).toBe(counts.get('-9188268837848188191'));
    expect(withLeaf('0x7acb34e41b5e')).toBe(counts.get('3130596151848727151'));
    expect(trace.launches.stack.filter((stack) => stack === DANGLING_STACK).length).toBe(
      counts.get('424242'),
    );
    const dangling = trace.report.warnings.find(({ code }) => code === 'dangling-stack');
    expect(dangling?.rows).toBe(counts.get('424242'));
  });

  it('gives frames leaf first: the native ones ran inside the Python ones', async () => {
    const trace = await openFile(file);
    const stack = trace.stacks.stacks.find((frames) => frames.length === 4);
    expect(Array.from(stack ?? [], (id) => trace.stacks.frames[id])).toEqual([
      { file: '', line: 0, function: '_Z6launchv', library: 'libtorch_cuda.so' },
      { file: '', line: 0, function: '0x7fa9dc213e89', library: 'libcudart.so.12' },
      { file: '/srv/model/modeling_hybrid.py', line: 150, function: 'forward', library: '' },
      { file: '/srv/serve.py', line: 9, function: '<module>', library: '' },
    ]);
    // A stack without resolved frames is none.
    expect(trace.launches.stack.filter((id) => id === NO_STACK).length).toBeGreaterThan(0);
  });

  it('tells facts of the recording and nothing private', async () => {
    const { report } = await openFile(file);
    expect(report.facts).toEqual(
      expect.arrayContaining([
        { name: 'GPU', value: 'NVIDIA H200, 143771 MiB' },
        { name: 'Driver', value: '580.1' },
        { name: 'Ingero', value: '0.17.0' },
      ]),
    );
    const everything = JSON.stringify(report);
    expect(everything).not.toContain('secret-flag');
    expect(everything).not.toMatch(/node-[ab]/);
  });

  it('is opened without a write beside it', async () => {
    const before = folderState(file);
    await openFile(file);
    expect(folderState(file)).toEqual(before);
  });
});

describe('counts', () => {
  it('are the aggregates’ where the rows agree with them', async () => {
    const trace = await openFile(PLAIN);
    const [[counted]] = await plainSql(PLAIN, 'SELECT sum(count) FROM event_aggregates');
    expect(trace.report.rowsCounted).toBe(counted);
    const [[calls]] = await plainSql(
      PLAIN,
      'SELECT sum(count) FROM event_aggregates WHERE source IN (1, 4)',
    );
    expect(countedCalls(trace)).toBe(calls);
    expect(Number(calls)).toBeGreaterThan(trace.launches.count);
    // What is never kept as rows is counted, too.
    expect(trace.report.countedByName).toContainEqual({
      source: 'HOST',
      name: 'mm_page_alloc',
      table: 'host',
      rows: 0,
      counted: 249,
    });
    expect(warningCodes(trace)).not.toContain('counts-overwritten');
  });

  it('are unknown where the rows contradict them', async () => {
    const trace = await openFile(OVERWRITTEN);
    expect(trace.report.rowsCounted).toBeNull();
    expect(countedCalls(trace)).toBeNull();
    expect(warningCodes(trace)).toContain('counts-overwritten');
    const known = trace.report.countedByName?.filter(({ counted }) => counted !== null);
    expect(known).toEqual([
      { source: 'CUDA', name: 'cudaMalloc', table: 'launches', rows: 1, counted: 12 },
    ]);
  });

  it('are unknown where there are no aggregates', async () => {
    const trace = await openFile(RANKS);
    expect(trace.report.rowsCounted).toBeNull();
    expect(countedCalls(trace)).toBeNull();
  });
});

it('tells ranks and their threads apart', async () => {
  const trace = await openFile(RANKS);
  expect(trace.ranks.map(({ rank, worldSize, label }) => [rank, worldSize, label])).toEqual([
    [0, 2, 'rank 0'],
    [1, 2, 'rank 1'],
  ]);
  expect(trace.formatLabel).toBe('Ingero 0.9');
  for (const rank of [0, 1]) {
    const [[rows]] = await plainSql(RANKS, `SELECT count(*) FROM events WHERE rank = ${rank}`);
    const of = (lane: number): boolean => trace.ranks[trace.lanes[lane].rank].rank === rank;
    expect(trace.launches.lane.filter(of).length + trace.host.lane.filter(of).length).toBe(rows);
  }
  expect(trace.lanes.map(({ label }) => label)).toEqual(
    expect.arrayContaining(['python3 (101)', 'VLLM::EngineCor (201)']),
  );
});

it('reads a version with a column, a table and sources it does not know', async () => {
  const trace = await openFile(FUTURE);
  expect(trace.formatLabel).toBe('Ingero 0.10');
  expect(trace.lanes.map(({ label }) => label)).toContain('pt_autograd_0 (102)');
  expect(trace.lanes.map(({ label }) => label)).toContain('python3 (101)');
  expect(warningCodes(trace)).toEqual(expect.arrayContaining(['unused-tables', 'unknown-source']));
  expect(trace.ranks.map(({ rank, label }) => [rank, label])).toEqual([[-1, 'future_0.10.db']]);
});

it('sorts host events by kind', async () => {
  const trace = await openFile(PLAIN);
  const kinds = new Map(
    Array.from(trace.host.name, (name, i) => [
      trace.names.get(name),
      HOST_KINDS[trace.host.kind[i]],
    ]),
  );
  expect(Object.fromEntries(kinds)).toEqual({
    sched_switch: 'scheduler',
    oom_kill: 'memory',
    block_read: 'io',
    tcp_retransmit: 'network',
    net_recv: 'network',
  });
});

it('reads causal chains as markers in time order', async () => {
  const trace = await openFile(PLAIN);
  const [[first]] = await plainSql(PLAIN, 'SELECT min(detected_at) FROM causal_chains');
  expect(trace.markers).toEqual([
    {
      time: Number(BigInt(String(first)) - trace.clock.originNs),
      severity: 'HIGH',
      title: 'throughput dropped',
      text: 'block I/O',
      advice: ['not json'],
    },
    {
      time: Number(BigInt(String(first)) - trace.clock.originNs) + 10_000_000_000,
      severity: 'MEDIUM',
      title: 'cudaLaunchKernel p99=5.5ms (3.2x p50)',
      text: 'Tail latency is 3.2x higher.',
      advice: ['Pin the process', 'Add nice -n 19'],
    },
  ]);
  expect(warningCodes(trace)).toContain('unreadable-advice');
});

describe('times written as text', () => {
  const database = (timestamp: (i: number) => string): Promise<Uint8Array> =>
    makeDatabase(
      'CREATE TABLE events(id, timestamp TEXT, pid, tid, source, op, duration TEXT, stack_hash)',
      'CREATE TABLE sources(id, name)',
      'CREATE TABLE ops(source_id, op_id, name)',
      'CREATE TABLE stack_traces(hash, ips, frames)',
      'CREATE TABLE schema_info(key, value)',
      "INSERT INTO sources VALUES (1, 'CUDA')",
      ...[0, 1, 2].map(
        (i) => `INSERT INTO events VALUES (${i}, '${timestamp(i)}', 1, 1, 1, 3, '${i + 5}', 0)`,
      ),
    );

  it('are read by their digits', async () => {
    const trace = await openBytes(await database((i) => `177333440000000012${i + 3}`));
    expect(trace.clock.originNs).toBe(1773334400000000123n);
    expect([...trace.launches.start]).toEqual([0, 1, 2]);
    expect([...trace.launches.duration]).toEqual([5, 6, 7]);
  });

  it('are no times where they are dates', async () => {
    const trace = await openBytes(await database(() => '2026-11-22T01:02:03'));
    expect(trace.report.skipped).toEqual([{ reason: 'no timestamp', rows: 3 }]);
  });
});
