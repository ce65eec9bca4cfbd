import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { callDetails } from '../../../src/analysis/callDetails.js';
import { timelineRows } from '../../../src/analysis/timelineRows.js';
import {
  countedCalls,
  DANGLING_STACK,
  HOST_KINDS,
  NO_STACK,
  recordedNs,
  timeKindOf,
  type Trace,
} from '../../../src/trace/index.js';
import { folderState, makeDatabase, openBytes, openFile, plainSql, sum } from './reading.js';

const PLAIN = 'test/fixtures/ingero/plain_0.8.db';
const OVERWRITTEN = 'test/fixtures/ingero/overwritten_counts_0.8.db';
const RANKS = 'test/fixtures/ingero/two_ranks_0.9.db';
const FUTURE = 'test/fixtures/ingero/future_0.10.db';
const MERGED = 'test/fixtures/ingero/merged_0.10.db';
const SESSIONS = 'test/fixtures/ingero/sessions_0.10.db';

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

  it('says in the details of a call that its stack is not in the file', async () => {
    const trace = await openFile(file);
    const labels = attribute(trace);
    const stackFact = (call: number): string | undefined =>
      callDetails(trace, labels, call).facts.find(({ name }) => name === 'Stack')?.value;
    const dangling = Array.from(trace.launches.stack.keys()).filter(
      (call) => trace.launches.stack[call] === DANGLING_STACK,
    );
    expect(dangling.map(stackFact)).toEqual(
      dangling.map(() => 'the file refers to a stack that it does not hold'),
    );
    expect(dangling).toHaveLength(1);
    const [other] = Array.from(trace.launches.stack.keys()).filter((call) => call !== dangling[0]);
    expect(stackFact(other)).toBeUndefined();
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
    expect(everything).not.toMatch(/secret/);
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
      text: 'Tail latency is 3.2x higher. Root cause: 67 sched_switch events. Timeline: HOST sched_switch: 67 context switches (1.2s off-CPU); CUDA cudaLaunchKernel: p99=5.5ms.',
      advice: ['Pin the process', 'Add nice -n 19'],
    },
  ]);
  expect(warningCodes(trace)).toContain('unreadable-advice');
});

describe('samples of the machine', () => {
  it('are tracks with the numbers and units of plain SQL', async () => {
    const trace = await openFile(PLAIN);
    const { originNs } = trace.clock;
    const tracks = new Map(trace.counters.map((track) => [track.name, track]));
    for (const [name, unit, sql] of [
      ['CPU in use', '%', 'cpu_pct'],
      ['Memory in use', '%', 'mem_pct'],
      ['Memory available', 'bytes', 'mem_avail * 1048576.0'],
      ['Swap in use', 'bytes', 'swap_mb * 1048576.0'],
      ['Load average of 1 minute', '', 'load_avg'],
    ]) {
      const rows = await plainSql(
        PLAIN,
        `SELECT timestamp - ${originNs}, ${sql} FROM system_snapshots
         WHERE typeof(${name.startsWith('Load') ? 'load_avg' : '1'}) <> 'text' ORDER BY timestamp`,
      );
      const track = tracks.get(name);
      expect(track).toMatchObject({ unit, rank: 0, device: -1, source: 'system_snapshots' });
      expect(Array.from(track?.time ?? [], (time, i) => [time, track?.value[i]])).toEqual(rows);
    }
    // Readings before the first event and after the last one do not make the trace longer.
    expect(tracks.get('CPU in use')?.time[0]).toBeLessThan(0);
  });

  it('of control groups are numbered, never named', async () => {
    const trace = await openFile(PLAIN);
    const groups = await plainSql(
      PLAIN,
      'SELECT DISTINCT cgroup_id FROM cgroup_schedstat ORDER BY 1',
    );
    for (const [i, [group]] of groups.entries()) {
      for (const [quantity, unit, column] of [
        ['Off-CPU p99 since the start', 'ns', 'p99_off_cpu'],
        ['Off-CPU time since the start', 'ns', 'total_off_cpu'],
        ['Times off CPU since the start', '', 'event_count'],
      ]) {
        const rows = await plainSql(
          PLAIN,
          `SELECT window_end - ${trace.clock.originNs}, ${column} FROM cgroup_schedstat
           WHERE cgroup_id = ${String(group)} ORDER BY window_end`,
        );
        const track = trace.counters.find(({ name }) => name === `${quantity} (cgroup ${i + 1})`);
        expect(track?.unit).toBe(unit);
        expect(Array.from(track?.time ?? [], (time, at) => [time, track?.value[at]])).toEqual(rows);
      }
    }
    expect(trace.counters.map(({ name }) => name).join()).not.toMatch(/secret|11723/);
  });

  it('are counted apart from events, those without a number told', async () => {
    const { report, counters } = await openFile(PLAIN);
    const [[events, inFile]] = await plainSql(
      PLAIN,
      `SELECT (SELECT count(*) FROM events),
              (SELECT 5 * count(*) FROM system_snapshots) + (SELECT 3 * count(*) FROM cgroup_schedstat)`,
    );
    expect(report.rowsInFile).toBe(events);
    expect(report.samples).toEqual({ inFile, read: Number(inFile) - 1 });
    expect(counters.reduce((all, { time }) => all + time.length, 0)).toBe(report.samples?.read);
    const told = report.warnings.find(({ code }) => code === 'samples-left-out');
    expect(told?.message).toBe('1 counter sample was left out: without a number (1).');
    expect((await openFile(RANKS)).report.samples).toBeUndefined();
  });
});

describe('a merged file', () => {
  it('tells nodes apart without their names, also those that say they are the same rank', async () => {
    const trace = await openFile(MERGED);
    expect(trace.ranks.map(({ rank, label }) => [rank, label])).toEqual([
      [-1, 'node 1'],
      [-1, 'node 2'],
      [0, 'rank 0 (node 3)'],
      [0, 'rank 0 (node 4)'],
    ]);
    const rows = await plainSql(
      MERGED,
      'SELECT node, count(*), sum(duration) FROM events GROUP BY node ORDER BY min(rowid)',
    );
    const mine = trace.ranks.map((_, rank) => {
      const of = (lane: number): boolean => trace.lanes[lane].rank === rank;
      const tables = [trace.launches, trace.host];
      return [
        tables.reduce((all, table) => all + table.lane.filter(of).length, 0),
        tables.reduce((all, table) => all + sum(table.duration, (i) => of(table.lane[i])), 0),
      ];
    });
    expect(mine).toEqual(rows.map(([, count, duration]) => [count, duration]));
    expect(
      JSON.stringify({ ...trace, names: trace.names.all() }, (_, v: unknown) =>
        typeof v === 'bigint' ? String(v) : v,
      ),
    ).not.toContain('secret');
  });

  it('names no process whose number stands for several', async () => {
    const trace = await openFile(MERGED);
    const labels = trace.lanes.map(({ process, label }) => [process, label]);
    // Process 100 runs on three nodes, its recorded name is of one of them.
    expect(labels.filter(([process]) => process === '100')).toEqual(
      Array(3).fill(['100', 'thread (101)']),
    );
  });

  it('shows no readings that do not say of which machine, and whose chains are whose', async () => {
    const { counters, report, markers } = await openFile(MERGED);
    expect(counters).toEqual([]);
    expect(report.samples).toEqual({ inFile: 20, read: 0 });
    expect(report.warnings.find(({ code }) => code === 'samples-left-out')?.message).toContain(
      'of system_snapshots, which does not say of which of 4 machines (20)',
    );
    // The explanation names the cause.
    expect(markers.map(({ title, text }) => [title, text])).toEqual([
      ['slow (node 2)', 'Slow for I/O.'],
    ]);
  });
});

describe('annotations', () => {
  it('are ranges on a lane of their process; a step lasts until the next', async () => {
    const trace = await openFile(SESSIONS);
    const end = Math.max(
      ...[trace.launches, trace.host].flatMap(({ start, duration }) =>
        Array.from(start, (at, i) => at + duration[i]),
      ),
    );
    const { originNs } = trace.clock;
    const rows = await plainSql(
      SESSIONS,
      `SELECT span_start - ${originNs}, span_end - span_start, json_extract(labels, '$.phase') || json_extract(labels, '$.task_id'), pid
       FROM annotations WHERE span_start > 0 AND span_end >= span_start`,
    );
    const found = Array.from(trace.ranges.name, (name, i) => [
      trace.names.get(name),
      trace.ranges.start[i],
      trace.ranges.duration[i],
      trace.lanes[trace.ranges.lane[i]].process,
    ]);
    const instant = async (labels: string) => {
      const [[at]] = await plainSql(
        SESSIONS,
        `SELECT timestamp - ${originNs} FROM annotations WHERE labels = '${labels}'`,
      );
      return Number(at);
    };
    const steps = await Promise.all(
      [40, 41, 42, 43].map((step) => instant(`{"epoch":"1","step":"${step}"}`)),
    );
    const [[stop]] = await plainSql(
      SESSIONS,
      `SELECT min(stopped_at) - ${originNs} FROM sessions WHERE stopped_at > 0`,
    );
    const stopped = Number(stop);
    expect(rows).toHaveLength(2);
    expect(found).toEqual(
      [
        ['no json', await instant('no json'), 0, ''],
        ['step=40 epoch=1', steps[0], steps[1] - steps[0], '100'],
        ['phase=warm-up', rows[0][0], rows[0][1], ''],
        ['step=41 epoch=1', steps[1], steps[2] - steps[1], '100'],
        ['checkpoint=saved', await instant('{"checkpoint":"saved"}'), 0, '100'],
        ['step=42 epoch=1', steps[2], steps[3] - steps[2], '100'],
        // Not beyond the session it was noted in.
        ['step=43 epoch=1', steps[3], stopped - steps[3], '100'],
        ['step=7', await instant('{"step":"7"}'), end - (await instant('{"step":"7"}')), '200'],
        ['task_id=a b', rows[1][0], rows[1][1], ''],
      ].sort((a, b) => Number(a[1]) - Number(b[1])),
    );
    expect(trace.lanes.map(({ label }) => label)).toEqual(
      expect.arrayContaining(['annotations', 'annotations of process 100']),
    );
    expect(trace.report.skipped).toEqual([{ reason: 'a negative duration', rows: 1 }]);
    const [[inFile]] = await plainSql(
      SESSIONS,
      'SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM annotations)',
    );
    expect(trace.report.rowsInFile).toBe(inFile);
    expect(trace.report.rowsRead).toBe(Number(inFile) - 1);
    expect(trace.report.missing).not.toContain('step annotations');
  });

  it('are around the calls of their process, and make its steps', async () => {
    const trace = await openFile(SESSIONS);
    const { step, steps } = attribute(trace);
    expect(steps.map(({ number, label }) => [number, label])).toEqual([
      [40, 'step=40 epoch=1'],
      [41, 'step=41 epoch=1'],
      [42, 'step=42 epoch=1'],
      [43, 'step=43 epoch=1'],
      [7, 'step=7'],
    ]);
    const counts = await plainSql(
      SESSIONS,
      `WITH s AS (SELECT timestamp AS t, pid, json_extract(labels, '$.step') AS n,
                    coalesce(lead(timestamp) OVER (PARTITION BY pid ORDER BY timestamp),
                      (SELECT min(stopped_at) FROM sessions WHERE stopped_at > timestamp)) AS until
                  FROM annotations WHERE labels LIKE '%step%')
       SELECT n, count(*) FROM s JOIN events e ON e.pid = s.pid AND e.timestamp >= s.t AND e.timestamp < s.until
       WHERE e.source IN (1, 4) GROUP BY s.t ORDER BY s.t`,
    );
    const mine = steps.map(({ number }, i) => [
      String(number),
      step.filter((of) => of === i).length,
    ]);
    expect(mine).toEqual(counts);
    const [[without]] = await plainSql(
      SESSIONS,
      `SELECT count(*) FROM events WHERE source IN (1, 4) AND pid = 100 AND
         (timestamp < (SELECT min(timestamp) FROM annotations WHERE labels LIKE '%step%')
          OR timestamp >= (SELECT min(stopped_at) FROM sessions WHERE stopped_at > 0))`,
    );
    expect(step.filter((of) => of < 0).length).toBe(without);
  });
});

describe('sessions', () => {
  it('leave pauses, which no row is idle in', async () => {
    const trace = await openFile(SESSIONS);
    const [[stopped, again]] = await plainSql(
      SESSIONS,
      `SELECT (SELECT stopped_at FROM sessions ORDER BY started_at LIMIT 1 OFFSET 1) - ${trace.clock.originNs},
              (SELECT min(timestamp - CASE WHEN source IN (1, 4) THEN 0 ELSE duration END) FROM events
               WHERE timestamp > (SELECT max(started_at) FROM sessions) - 100000000) - ${trace.clock.originNs}`,
    );
    expect(trace.recorded).toEqual([
      { start: 0, end: stopped },
      { start: again, end: trace.spanNs },
    ]);
    const pause = Number(again) - Number(stopped);
    expect(recordedNs(trace)).toBe(trace.spanNs - pause);
    expect(trace.markers).toEqual([
      expect.objectContaining({ time: stopped, title: 'Recording stopped', severity: '' }),
      expect.objectContaining({ time: again, title: 'Recording started again' }),
    ]);
    expect(trace.markers[0].text).toBe(`Nothing was recorded for ${(pause / 1e9).toFixed(1)} s.`);
    const labels = attribute(trace);
    const [calls] = timelineRows(trace, labels).filter(({ row }) => row.level === 'call');
    const own = sum(trace.launches.duration, (i) => trace.launches.lane[i] === 0);
    expect(calls.row.busy).toBeCloseTo(own / (trace.spanNs - pause), 9);
    expect(trace.report.facts).toContainEqual({
      name: 'Sessions',
      value: expect.stringMatching(/^3: from \S+Z; \S+Z to \S+Z; \S+Z to \S+Z$/) as string,
    });
  });

  it('of a file without a pause are none', async () => {
    for (const file of [PLAIN, RANKS, MERGED]) {
      const trace = await openFile(file);
      expect(trace.recorded).toBeUndefined();
      expect(recordedNs(trace)).toBe(trace.spanNs);
    }
  });
});

it('annotations and advice nested without end are shown as written', async () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const trace = await openBytes(
    await makeDatabase(
      'CREATE TABLE events(id, timestamp, pid, tid, source, op, duration, stack_hash)',
      'CREATE TABLE sources(id, name)',
      'CREATE TABLE ops(source_id, op_id, name)',
      'CREATE TABLE stack_traces(hash, ips, frames)',
      'CREATE TABLE schema_info(key, value)',
      'CREATE TABLE annotations(timestamp, labels)',
      'CREATE TABLE causal_chains(detected_at, summary, recommendations, timeline)',
      'INSERT INTO events VALUES (1, 1000, 1, 1, 1, 3, 5, 0)',
      `INSERT INTO annotations VALUES (1000, '{"step": ${deep}}')`,
      `INSERT INTO causal_chains VALUES (1000, 'slow', '[${deep}]', '[${deep}]')`,
    ),
  );
  expect(trace.names.get(trace.ranges.name[0])).toBe(`{"step": ${deep}}`);
  expect(trace.markers[0]).toMatchObject({ title: 'slow', text: '', advice: [`[${deep}]`] });
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
