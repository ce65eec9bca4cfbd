import { describe, expect, it } from 'vitest';
import { decompose } from '../../src/analysis/decompose.js';
import { attribute } from '../../src/layers/attribute.js';
import { countedCalls, DANGLING_STACK } from '../../src/trace/index.js';
import { folderState, openFile, plainSql, sum } from '../unit/formats/reading.js';

const TRACES = '../shared/traces';
const FILES = [
  `${TRACES}/ingero/pytorch-173382-empty-cache.db`,
  `${TRACES}/ingero/sample-gpu-node-01.db`,
  `${TRACES}/ingero/sample-gpu-node-02.db`,
  `${TRACES}/ingero/sample-gpu-node-03.db`,
  `${TRACES}/ingero/vllm-37343-logprobs-amplification.db`,
  `${TRACES}/public/ingero/vllm-37343-logprobs-amplification_older.db`,
];
const [PYTORCH] = FILES;
const OLDER = FILES[FILES.length - 1];

describe.each(FILES)('%s', (file) => {
  it('has plain SQL’s rows, sums and longest calls, and is left as it was', async () => {
    const before = folderState(file);
    const trace = await openFile(file);
    expect(folderState(file)).toEqual(before);
    const groups = await plainSql(
      file,
      `SELECT s.name, o.name, count(*), sum(e.duration), max(e.duration), count(DISTINCT e.tid)
       FROM events e JOIN sources s ON s.id = e.source JOIN ops o ON o.source_id = e.source AND o.op_id = e.op
       GROUP BY e.source, e.op`,
    );
    let rows = 0;
    for (const [source, name, count, total, longest, threads] of groups) {
      const table = source === 'CUDA' || source === 'DRIVER' ? trace.launches : trace.host;
      const id = trace.names.find(String(name));
      const mine = Array.from(table.name.keys()).filter((i) => table.name[i] === id);
      expect([name, mine.length]).toEqual([name, count]);
      expect(sum(table.duration, (i) => table.name[i] === id)).toBe(total);
      expect(Math.max(...mine.map((i) => table.duration[i]))).toBe(longest);
      expect(new Set(mine.map((i) => trace.lanes[table.lane[i]].id)).size).toBe(threads);
      rows += Number(count);
    }
    expect(trace.report.rowsInFile).toBe(rows);
    expect(trace.report.rowsRead).toBe(rows);
    expect(trace.report.skipped).toEqual([]);
    expect(trace.gpu.count).toBe(0);
  });

  it('has calls of one thread that do not overlap, and exact starts', async () => {
    const trace = await openFile(file);
    const starts = await plainSql(
      file,
      `SELECT timestamp - ${trace.clock.originNs} FROM events WHERE source IN (1, 4) ORDER BY timestamp`,
    );
    expect(Array.from(trace.launches.start)).toEqual(starts.map(([start]) => start));
    // Runtime calls of one thread follow one another: stamped at their ends they would overlap.
    const runtime = /^cuda/;
    const ends = new Map<number, number>();
    for (let i = 0; i < trace.launches.count; i++) {
      if (runtime.test(trace.names.get(trace.launches.name[i]))) {
        const lane = trace.launches.lane[i];
        expect(trace.launches.start[i]).toBeGreaterThanOrEqual(ends.get(lane) ?? 0);
        ends.set(lane, trace.launches.start[i] + trace.launches.duration[i]);
      }
    }
  });

  it('says how many calls ran inside another, as SQL counts them', async () => {
    const trace = await openFile(file);
    const [[nested]] = await plainSql(
      file,
      `SELECT count(*) FROM events e WHERE source IN (1, 4) AND EXISTS (
         SELECT 1 FROM events o WHERE o.source IN (1, 4) AND o.pid = e.pid AND o.tid = e.tid
           AND o.timestamp < e.timestamp AND o.timestamp + o.duration > e.timestamp)`,
    );
    const told = trace.report.warnings.find(({ code }) => code === 'nested-calls')?.rows ?? 0;
    expect(told).toBe(nested);
  });

  it('links every event to the stack SQL links it to', async () => {
    const trace = await openFile(file);
    const [[linked, dangling]] = await plainSql(
      file,
      `SELECT count(s.hash), count(*) - count(s.hash) FROM events e
       LEFT JOIN stack_traces s ON s.hash = e.stack_hash WHERE e.stack_hash <> 0`,
    );
    expect(trace.launches.stack.filter((stack) => stack >= 0).length).toBe(linked);
    expect(trace.launches.stack.filter((stack) => stack === DANGLING_STACK).length).toBe(dangling);
    const told = trace.report.warnings.find(({ code }) => code === 'dangling-stack')?.rows ?? 0;
    expect(told).toBe(dangling);
    const leaves = await plainSql(
      file,
      `SELECT e.timestamp - ${trace.clock.originNs}, json_array_length(s.frames) FROM events e
       JOIN stack_traces s ON s.hash = e.stack_hash WHERE e.source IN (1, 4) ORDER BY 1`,
    );
    const mine = Array.from(trace.launches.stack.keys())
      .filter((i) => trace.launches.stack[i] >= 0)
      .map((i) => [trace.launches.start[i], trace.stacks.stacks[trace.launches.stack[i]].length]);
    expect(mine).toEqual(leaves);
  });

  it('has every reading of the machine and of its control groups, to the digit', async () => {
    const trace = await openFile(file);
    const { originNs } = trace.clock;
    const [[samples]] = await plainSql(
      file,
      'SELECT (SELECT 5 * count(*) FROM system_snapshots) + (SELECT 3 * count(*) FROM cgroup_schedstat)',
    );
    expect(trace.report.samples).toEqual({ inFile: samples, read: samples });
    const rows = await plainSql(
      file,
      `WITH groups AS (SELECT dense_rank() OVER (ORDER BY cgroup_id) AS n, * FROM cgroup_schedstat)
       SELECT 'Memory available', timestamp - ${originNs} AS t, mem_avail * 1048576 FROM system_snapshots
       UNION ALL SELECT 'CPU in use', timestamp - ${originNs}, cpu_pct FROM system_snapshots
       UNION ALL SELECT 'Off-CPU p99 since the start (cgroup ' || n || ')', window_end - ${originNs}, p99_off_cpu FROM groups
       ORDER BY 1, 2`,
    );
    const mine = trace.counters
      .filter(({ name }) => /^(Memory available|CPU in use|Off-CPU p99)/.test(name))
      .flatMap(({ name, time, value }) => Array.from(time, (at, i) => [name, at, value[i]]))
      .sort(([a, x], [b, y]) => (a === b ? Number(x) - Number(y) : String(a) < String(b) ? -1 : 1));
    expect(mine).toEqual(rows);
    // Each file is of one session, which nothing was left out of.
    expect(trace.recorded).toBeUndefined();
  });

  it('has every causal chain as a marker with its advice', async () => {
    const trace = await openFile(file);
    const chains = await plainSql(
      file,
      `SELECT detected_at - ${trace.clock.originNs}, severity, summary,
              (SELECT count(*) FROM json_each(recommendations)) FROM causal_chains ORDER BY detected_at, summary`,
    );
    expect(
      trace.markers.map(({ time, severity, title, advice }) => [
        time,
        severity,
        title,
        advice.length,
      ]),
    ).toEqual(chains);
  });
});

it('known counts: the older vLLM recording counts far more events than it keeps', async () => {
  const trace = await openFile(OLDER);
  const [[all, calls]] = await plainSql(
    OLDER,
    'SELECT sum(count), sum(count) FILTER (WHERE source IN (1, 4)) FROM event_aggregates',
  );
  expect(trace.report.rowsCounted).toBe(all);
  expect(countedCalls(trace)).toBe(calls);
  expect(Number(all)).toBeGreaterThan(7 * trace.report.rowsRead);
  expect(trace.report.warnings.map(({ code }) => code)).toContain('rows-lost');
});

it('counted calls stand beside each row, as SQL sums them', async () => {
  const trace = await openFile(OLDER);
  const labels = attribute(trace);
  const counts = await plainSql(
    OLDER,
    `SELECT o.name, (SELECT count(*) FROM events e WHERE e.source = a.source AND e.op = a.op), sum(a.count)
     FROM event_aggregates a JOIN ops o ON o.source_id = a.source AND o.op_id = a.op
     WHERE a.source IN (1, 4) GROUP BY a.source, a.op HAVING sum(a.stored) > 0 ORDER BY o.name`,
  );
  const kernels = decompose(trace, labels, { by: 'kernel' });
  const mine = kernels.rows.map(({ key, calls, counted }) => [key, calls, counted]);
  expect(mine.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))).toEqual(counts);
  // Each operation has one layer type here, so that those of the types sum up to all.
  const types = decompose(trace, labels, { by: 'layer-type' });
  expect(types.rows.reduce((all, { counted }) => all + (counted ?? NaN), 0)).toBe(
    types.population.counted,
  );
  const pytorch = await openFile(PYTORCH);
  const { rows } = decompose(pytorch, attribute(pytorch), { by: 'kernel' });
  expect(rows.map(({ counted }) => counted)).toEqual(rows.map(() => null));
});

it('unknown counts: the PyTorch recording’s aggregates were overwritten', async () => {
  // The contradiction itself, in plain SQL: a row longer than the longest the aggregate knows.
  const [[impossible]] = await plainSql(
    PYTORCH,
    `SELECT count(*) FROM events e JOIN event_aggregates a ON a.source = e.source AND a.op = e.op AND a.pid = e.pid
       AND a.bucket = e.timestamp - e.timestamp % 60000000000 WHERE e.duration > a.max_dur`,
  );
  expect(Number(impossible)).toBeGreaterThan(0);
  const trace = await openFile(PYTORCH);
  expect(trace.report.rowsCounted).toBeNull();
  expect(countedCalls(trace)).toBeNull();
  expect(trace.report.warnings.map(({ code }) => code)).toContain('counts-overwritten');
});

it('Python lines of the model are reached from a call', async () => {
  const trace = await openFile(PYTORCH);
  const files = new Set(
    trace.stacks.frames.map(({ file }) => file.slice(file.lastIndexOf('/') + 1)),
  );
  expect(files).toContain('modeling_qwen2.py');
  const negative = await plainSql(PYTORCH, 'SELECT count(*) FROM events WHERE stack_hash < 0');
  expect(Number(negative[0][0])).toBeGreaterThan(1000);
});
