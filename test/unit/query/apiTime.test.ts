import { expect, it } from 'vitest';
import { dashboard } from '../../../src/analysis/dashboard.js';
import { decompose } from '../../../src/analysis/decompose.js';
import { DECOMPOSE_BY } from '../../../src/analysis/results.js';
import { findStalls, stallColumns } from '../../../src/analysis/stalls.js';
import { timelineRows } from '../../../src/analysis/timelineRows.js';
import { unclassified } from '../../../src/analysis/unclassified.js';
import { queryTables } from '../../../src/query/tables.js';
import { installViews } from '../../../src/query/views.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import { labelsOf, stream, thread, traceOf } from '../analysis/smallTrace.js';

const CALLS = 200;
/** Durations on the GPU are whole µs; each API call took a prime number of ns: a sum that has one shows it. */
const WHOLE = 1000;
const API = 7919;

/** Calls, kernels they launched, kernels of no call, host events and a range, all at the same times. */
function mixed(gpu: boolean) {
  const each = Array.from({ length: CALLS }, (_, i) => i);
  return traceOf({
    lanes: [thread(), stream()],
    launches: each.map((i) => ({ start: i * 1e5, duration: API, range: 0 })),
    host: each.map((i) => ({ start: i * 1e5, duration: API })),
    ranges: [{ start: 0, duration: CALLS * 1e5, kind: 0, name: 'step' }],
    gpu: gpu
      ? each.map((i) => ({
          start: i * 1e5 + 10,
          duration: (i % 50 === 0 ? 60 : 2) * WHOLE,
          lane: 1,
          launch: i % 3 === 0 ? -1 : i,
          name: i % 2 === 0 ? 'gemm' : 'add',
        }))
      : [],
  });
}
const GPU_NS = (4 * 60 + (CALLS - 4) * 2) * WHOLE;

/** Every number of ns in a result that is the total or the length of calls. */
function nanoseconds(value: unknown, key = ''): number[] {
  if (typeof value === 'number') {
    return /^(total|p50|p99|max|duration|lost|typical|gpu_time)_ns$/.test(key) ? [value] : [];
  }
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, part]) => nanoseconds(part, name))
    : [];
}

it('time of API calls is in no sum of GPU time', async () => {
  const trace = mixed(true);
  const labels = labelsOf(trace);
  const tables = DECOMPOSE_BY.map((by) => decompose(trace, labels, { by }));
  for (const { rows, overall, population } of tables) {
    expect(rows.reduce((sum, row) => sum + row.total_ns, 0)).toBe(GPU_NS);
    expect(overall.total_ns).toBe(GPU_NS);
    expect(population).toMatchObject({ time_kind: 'gpu', gpu_time_ns: GPU_NS, rows: CALLS });
    expect(population.evidence.reduce((sum, part) => sum + part.total_ns, 0)).toBe(GPU_NS);
  }
  const stalls = findStalls(trace, labels, { factor: 3, limit: 100 });
  expect(stalls.found).toBe(4);
  const views = { stalls, list: unclassified(trace, labels), board: dashboard(trace) };
  const all = [tables, views].flatMap((part) => nanoseconds(part));
  expect(all.length).toBeGreaterThan(50);
  expect(all.filter((ns) => ns % WHOLE !== 0)).toEqual([]);
  // Kernels do not overlap here: busy is their time by the span.
  expect(tables[0].overall.duty_cycle).toBeCloseTo(GPU_NS / trace.spanNs, 12);
  const kernels = timelineRows(trace, labels).filter(({ row }) => row.level === 'kernel');
  expect(kernels).toHaveLength(1);
  expect(kernels[0].row.busy).toBeCloseTo(GPU_NS / trace.spanNs, 12);

  const engine = openSqlJs(await loadNodeSqlJs(), null);
  const surface = installViews(engine, queryTables(trace, labels, stallColumns(trace, labels)));
  const [sums] = surface.query(
    `SELECT (SELECT sum(duration_ns) FROM calls), (SELECT sum(total_ns) FROM layers),
            (SELECT sum(duration_ns) FROM kernels), (SELECT sum(duration_us) FROM events WHERE source = 'cuda') * 1000,
            (SELECT sum(gpu_ns) FROM launches) + (SELECT sum(duration_ns) FROM kernels WHERE launch_id IS NULL),
            (SELECT sum(duration_ns) FROM launches)`,
  ).rows;
  expect(sums).toEqual([GPU_NS, GPU_NS, GPU_NS, GPU_NS, GPU_NS, CALLS * API]);
  engine.close();
});

it('a trace of API calls alone has no GPU time at all', () => {
  const trace = mixed(false);
  const labels = labelsOf(trace);
  for (const by of DECOMPOSE_BY) {
    const { overall, population, trace: figures } = decompose(trace, labels, { by });
    expect(overall).toMatchObject({ calls: CALLS, total_ns: CALLS * API, duty_cycle: null });
    expect(population).toMatchObject({ time_kind: 'host_api', gpu_time_ns: 0 });
    expect(figures.gpu_events).toBe(0);
  }
  expect(dashboard(trace)).toMatchObject({ duty_cycle: null, duty_cycle_range: null });
});
