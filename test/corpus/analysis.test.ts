import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import initSqlJs from 'sql.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallStatistics } from '../../src/analysis/results.js';
import { createNodeSession } from '../../src/session/nodeSession.js';
import type { TraceSession, TraceSummary } from '../../src/session/session.js';

/** Reading both ranks takes seconds on a busy machine; no limit of ours is meant to fail here. */
const OPENING_MS = 300_000;
const ARTICLE = '../shared/traces/article/hybrid.db';
const H200 = '../shared/traces/h200';

/** Equal to a part in 10^9. */
function expectClose(actual: number | null, expected: number): void {
  expect(actual).not.toBeNull();
  expect(Math.abs((actual ?? NaN) - expected)).toBeLessThanOrEqual(Math.abs(expected) * 1e-9);
}

/** Percentiles in plain SQL over the original file, by the definition: rank p·(n-1), linear between neighbours. */
const STATISTICS = `
  WITH calls AS (
    SELECT CASE
        WHEN name IN ('selective_scan_fwd_kernel', '_chunk_state_fwd_kernel', '_chunk_scan_fwd_kernel',
                      'causal_conv1d_fwd_kernel') THEN 'mamba'
        WHEN name IN ('fused_attention_fwd', 'flash_fwd_splitkv_kernel', 'reshape_and_cache_flash_kernel')
          THEN 'attention'
        ELSE 'moe_all_to_all' END AS type,
      name, timestamp, duration_us * 1000.0 AS ns
    FROM events WHERE source = 'cuda'
  ), ranked AS (
    SELECT GROUPING AS key, ns, row_number() OVER (PARTITION BY GROUPING ORDER BY ns) - 1 AS k,
      count(*) OVER (PARTITION BY GROUPING) - 1 AS last
    FROM calls
  ), placed AS (
    SELECT key, ns, k, 0.5 * last AS at50, 0.99 * last AS at99 FROM ranked
  )
  SELECT key, count(*), sum(ns),
    sum(CASE WHEN k = CAST(at50 AS INT) THEN ns * (1 - (at50 - CAST(at50 AS INT)))
             WHEN k = CAST(at50 AS INT) + 1 THEN ns * (at50 - CAST(at50 AS INT)) ELSE 0 END),
    sum(CASE WHEN k = CAST(at99 AS INT) THEN ns * (1 - (at99 - CAST(at99 AS INT)))
             WHEN k = CAST(at99 AS INT) + 1 THEN ns * (at99 - CAST(at99 AS INT)) ELSE 0 END),
    max(ns)
  FROM placed GROUP BY key ORDER BY key`;

describe('the article trace against plain SQL', () => {
  let session: TraceSession;
  let summary: TraceSummary;
  let sql: (text: string) => unknown[][];

  beforeAll(async () => {
    const SQL = await initSqlJs();
    const database = new SQL.Database(readFileSync(ARTICLE));
    sql = (text) => database.exec(text)[0]?.values ?? [];
    session = createNodeSession();
    summary = await session.open([ARTICLE]);
  }, OPENING_MS);
  afterAll(() => session.close());

  function expectStatistics(actual: CallStatistics, row: readonly unknown[]): void {
    const [, calls, total, p50, p99, max] = row.map(Number);
    expect(actual.calls).toBe(calls);
    expectClose(actual.total_ns, total);
    expectClose(actual.p50_ns, p50);
    expectClose(actual.p99_ns, p99);
    expectClose(actual.max_ns, max);
    expectClose(actual.tail_ratio, p99 / p50);
  }

  it.each([
    ['layer-type', 'type'],
    ['kernel', 'name'],
  ] as const)('by %s', async (by, column) => {
    const expected = sql(STATISTICS.replaceAll('GROUPING', column));
    const { rows, overall, population, trace } = await session.decompose({ by });
    expect(rows.map((row) => row.key).sort()).toEqual(expected.map(([key]) => key));
    for (const row of expected) {
      const own = rows.find(({ key }) => key === row[0]);
      expectStatistics(own ?? expect.fail(`no row ${String(row[0])}`), row);
    }
    const all = sql(STATISTICS.replaceAll('GROUPING', "'all'"))[0];
    expectStatistics(overall, all);
    const [[events, gpuEvents]] = sql(`SELECT count(*), sum(source = 'cuda') FROM events`);
    expect(population).toMatchObject({
      rows: gpuEvents,
      rows_in_file: events,
      classified_share: 1,
    });
    expectClose(population.gpu_time_ns, Number(all[2]));
    expect(trace).toMatchObject({ events, gpu_events: gpuEvents });
  });

  it('is the table of the product description, to the digit', async () => {
    const { rows, overall } = await session.decompose({ by: 'layer-type' });
    const figures = rows.map((row) => [
      row.key,
      row.calls,
      Math.round((row.p50_ns ?? NaN) / 1000),
      Math.round((row.p99_ns ?? NaN) / 1000),
    ]);
    expect(figures).toEqual([
      ['moe_all_to_all', 640, 180, 12_400],
      ['attention', 1920, 88, 320],
      ['mamba', 3840, 42, 95],
    ]);
    expect([overall.p50_ns, overall.p99_ns].map((ns) => Math.round((ns ?? NaN) / 1000))).toEqual([
      50, 300,
    ]);
  });

  it('counts a window as SQL does', async () => {
    const [[origin]] = sql(`SELECT CAST(min(timestamp) AS TEXT) FROM events`);
    const startNs = 20e9;
    const endNs = 40e9;
    const [[calls, total]] = sql(
      `SELECT count(*), sum(duration_us) * 1000 FROM events WHERE source = 'cuda'
       AND timestamp - ${String(origin)} >= ${startNs} AND timestamp - ${String(origin)} < ${endNs}`,
    );
    const { overall } = await session.decompose({ by: 'layer', window: { startNs, endNs } });
    expect(overall.calls).toBe(calls);
    expectClose(overall.total_ns, Number(total));
  });

  it('has the duty cycle of the union of its kernels', async () => {
    const kernels = sql(
      `SELECT timestamp - (SELECT min(timestamp) FROM events), duration_us * 1000 FROM events
       WHERE source = 'cuda' ORDER BY timestamp`,
    ) as [number, number][];
    let busy = 0;
    let end = -Infinity;
    for (const [start, duration] of kernels) {
      busy += Math.max(0, start + duration - Math.max(end, start));
      end = Math.max(end, start + duration);
    }
    const { dashboard } = summary;
    expectClose(dashboard.duty_cycle, busy / summary.spanNs);
    const samples = dashboard.duty_cycle_samples;
    expect(samples).toHaveLength(Math.round(summary.spanNs / 1e9));
  });

  it('finds the stalls that a comparison with every median finds', async () => {
    const { stalls, found, factor } = await session.stalls({ limit: Infinity });
    const medians = new Map(
      ['type', 'name'].flatMap((column) =>
        sql(STATISTICS.replaceAll('GROUPING', column)).map((row) => [
          String(row[0]),
          Number(row[3]),
        ]),
      ),
    );
    const { rows } = await session.decompose({ by: 'layer-type' });
    let expected = 0;
    for (const [type, name, ns] of sql(
      STATISTICS.slice(0, STATISTICS.indexOf(', ranked AS')) + ' SELECT type, name, ns FROM calls',
    )) {
      const typical = Math.max(medians.get(String(type)) ?? NaN, medians.get(String(name)) ?? NaN);
      if (Number(ns) > factor * typical && Number(ns) - typical >= 20_000) {
        expected++;
      }
    }
    expect(rows).toHaveLength(3);
    expect(found).toBe(expected);
    expect(found).toBeGreaterThan(0);
    expect(stalls).toHaveLength(found);
    expect(new Set(stalls.map((stall) => stall.layer_type))).toEqual(new Set(['moe_all_to_all']));
    const lost = stalls.map((stall) => stall.lost_ns);
    expect(lost).toEqual([...lost].sort((a, b) => b - a));
  });
});

interface RawEvent {
  readonly cat?: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
}

describe.each(['jamba', 'nemotron_h.graph', 'qwen3_moe'])('%s against its JSON', (model) => {
  const path = `${H200}/${model}.pt.trace.json.gz`;
  const session = createNodeSession();
  let raw: RawEvent[];
  let summary: TraceSummary;

  beforeAll(async () => {
    const json = JSON.parse(gunzipSync(readFileSync(path)).toString()) as {
      traceEvents: RawEvent[];
    };
    raw = json.traceEvents.filter(({ cat }) =>
      ['kernel', 'gpu_memcpy', 'gpu_memset'].includes(cat ?? ''),
    );
    summary = await session.open([path]);
  }, OPENING_MS);
  afterAll(() => session.close());

  it('has every GPU event in one row by kernel, with its percentiles', async () => {
    const byName = new Map<string, number[]>();
    for (const { name, dur } of raw) {
      const durations = byName.get(name) ?? [];
      durations.push(Math.round(dur * 1000));
      byName.set(name, durations);
    }
    const { rows, overall } = await session.decompose({ by: 'kernel' });
    expect(overall.calls).toBe(raw.length);
    expect(rows).toHaveLength(byName.size);
    for (const row of rows) {
      const sorted = (byName.get(row.key) ?? []).sort((a, b) => a - b);
      expect(row.calls).toBe(sorted.length);
      expectClose(
        row.total_ns,
        sorted.reduce((sum, ns) => sum + ns, 0),
      );
      expect(row.max_ns).toBe(sorted[sorted.length - 1]);
      for (const [p, actual] of [
        [0.5, row.p50_ns],
        [0.99, row.p99_ns],
      ] as const) {
        const rank = p * (sorted.length - 1);
        const low = sorted[Math.floor(rank)];
        const high = sorted[Math.ceil(rank)];
        expectClose(actual, low + (high - low) * (rank - Math.floor(rank)));
      }
    }
  });

  it.each([1, 700, 30_000])(
    'has a timeline of %i pixels that drops none of them',
    async (pixels) => {
      const tiles = await session.tiles({ startNs: 0, endNs: summary.spanNs + 1, pixels });
      let calls = 0;
      const seen = new Set<number>();
      for (let i = 0; i < tiles.count; i++) {
        if (tiles.rows[tiles.row[i]].level === 'kernel') {
          calls += tiles.calls[i];
          expect(seen.has(tiles.call[i])).toBe(false);
          seen.add(tiles.call[i]);
        }
      }
      expect(calls).toBe(raw.length);
    },
  );
});

describe('two ranks of one run', () => {
  const session = createNodeSession();
  let summary: TraceSummary;
  beforeAll(async () => {
    summary = await session.open(
      [0, 1].map((rank) => `${H200}/nemotron_h_ep2.rank${rank}.stack.pt.trace.json.gz`),
    );
  }, OPENING_MS);
  afterAll(() => session.close());

  it('counts both, apart and together', async () => {
    expect(summary.ranks.map((rank) => rank.rank)).toEqual([0, 1]);
    const { rows, overall } = await session.decompose({ by: 'rank' });
    expect(rows.map((row) => row.key).sort()).toEqual(['0', '1']);
    expect(rows[0].calls + rows[1].calls).toBe(overall.calls);
    expect(overall.duty_cycle).toBeGreaterThan(0);
    expect(overall.duty_cycle).toBeLessThan(1);
  });

  it('loses its time in the MoE exchange, and leads to its code', async () => {
    const { stalls } = await session.stalls({ limit: 20 });
    expect(stalls).toHaveLength(20);
    for (const stall of stalls) {
      expect(stall.layer_type).toBe('moe_all_to_all');
      expect(stall.has_source).toBe(true);
      expect(stall.layer_index).toBeGreaterThanOrEqual(0);
    }
    const details = await session.call({ call: stalls[0].call });
    expect(details.stack.some((frame) => frame.file.endsWith('ep.py'))).toBe(true);
    expect(details.modules[0]).toMatch(/^NemotronH/);
  });
});
