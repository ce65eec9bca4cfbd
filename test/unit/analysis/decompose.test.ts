import { describe, expect, it } from 'vitest';
import { dashboard } from '../../../src/analysis/dashboard.js';
import { decompose } from '../../../src/analysis/decompose.js';
import { exactSum } from '../../../src/analysis/exactSum.js';
import { DECOMPOSE_BY, type DecomposeBy, type TimeWindow } from '../../../src/analysis/results.js';
import type { Step } from '../../../src/trace/index.js';
import { labelsOf, randomNumbers, stream, thread, traceOf } from './smallTrace.js';

/** The continuous percentile, written down once more and differently: from the definition. */
function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = p * (sorted.length - 1);
  const low = sorted[Math.trunc(rank)];
  const high = sorted[Math.ceil(rank)];
  return low * (1 - (rank % 1)) + high * (rank % 1);
}

const steps: readonly Step[] = [
  { label: 'prefill', phase: 'prefill', rank: 0, number: 1, start: 0, duration: 500 },
  { label: 'decode', phase: 'decode', rank: 0, number: 2, start: 500, duration: 500 },
];

describe('decompose', () => {
  it('puts every call into one row, whatever the rows stand for', () => {
    const random = randomNumbers(7);
    const trace = traceOf({
      lanes: [stream('7'), stream('20'), stream('7', 1)],
      gpu: Array.from({ length: 2000 }, (_, i) => ({
        start: i * 100,
        duration: Math.floor(random() * 5000) / 8,
        name: `kernel ${i % 17}`,
        lane: i % 3,
      })),
    });
    const types = ['mamba', 'attention', 'moe_experts', 'norm'] as const;
    const labels = labelsOf(
      trace,
      (call) => ({
        ...(call % 5 === 4 ? {} : { type: types[call % 5] }),
        index: (call % 9) - 1,
        module: call % 4 === 0 ? '' : `Block_${call % 4}`,
        step: (call % 3) - 1,
        method: call % 5 === 4 ? 'none' : call % 2 === 0 ? 'module' : 'name',
      }),
      steps,
    );
    const all = Array.from(trace.gpu.duration);
    for (const by of DECOMPOSE_BY) {
      const { rows, overall, population } = decompose(trace, labels, { by });
      expect(rows.reduce((calls, row) => calls + row.calls, 0)).toBe(2000);
      expect(exactSum(rows.map((row) => row.total_ns))).toBeCloseTo(exactSum(all), 6);
      expect(rows.reduce((share, row) => share + row.share, 0)).toBeCloseTo(1, 9);
      expect(overall.p99_ns).toBeCloseTo(percentile(all, 0.99), 9);
      expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
      for (const row of rows) {
        expect(row.evidence.reduce((share, part) => share + part.share, 0)).toBeCloseTo(1, 9);
      }
      const shares = Object.values(population.by_method);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      expect(population.classified_share).toBeCloseTo(1 - (population.by_method.none ?? 0), 9);
    }
    const { rows } = decompose(trace, labels, { by: 'kernel' });
    for (const row of rows) {
      const own = all.filter((_, call) => trace.names.get(trace.gpu.name[call]) === row.key);
      expect(row.calls).toBe(own.length);
      expect(row.p50_ns).toBeCloseTo(percentile(own, 0.5), 9);
      expect(row.p99_ns).toBeCloseTo(percentile(own, 0.99), 9);
      expect(row.max_ns).toBe(Math.max(...own));
    }
    const totals = rows.map((row) => row.total_ns);
    expect(totals).toEqual([...totals].sort((a, b) => b - a));
  });

  it('names layers by their index and kind, in order, those outside last', () => {
    const trace = traceOf({
      gpu: [0, 1, 2, 3, 4].map((i) => ({ start: i * 10, duration: 10 - i })),
    });
    const labels = labelsOf(
      trace,
      (call) =>
        [
          { type: 'norm', index: 17 } as const,
          { type: 'moe_router', index: 17 } as const,
          { type: 'mlp', index: 3 } as const,
          { type: 'attention', index: 3 } as const,
          {},
        ][call],
    );
    const { rows } = decompose(trace, labels, { by: 'layer' });
    expect(rows.map((row) => [row.key, row.label, row.calls])).toEqual([
      ['3', 'Layer 3 · Attention + MLP', 2],
      ['17', 'Layer 17 · MoE', 2],
      ['none', 'Outside layers', 1],
    ]);
    const modules = decompose(trace, labels, { by: 'module' }).rows;
    expect(modules.map((row) => [row.key, row.label])).toEqual([['none', '(no module)']]);
  });

  it('takes a step of several ranks for one, and tells steps of one number apart by their labels', () => {
    const trace = traceOf({
      lanes: [stream('7', 0, 0), stream('7', 0, 1)],
      ranks: [0, 1].map((rank) => ({
        rank,
        worldSize: 2,
        label: `rank ${rank}`,
        path: '',
        device: '',
      })),
      gpu: [0, 1, 2, 3].map((i) => ({ start: i * 10, duration: 5, lane: i % 2 })),
    });
    const both = [
      ...steps,
      { ...steps[0], rank: 1 },
      { ...steps[0], label: 'warm-up', start: 700 },
    ];
    const labels = labelsOf(trace, (call) => ({ step: [0, 2, 1, 3][call] }), both);
    const byStep = decompose(trace, labels, { by: 'step' });
    expect(byStep.rows.map((row) => [row.key, row.label, row.calls])).toEqual([
      ['1 prefill', 'prefill', 2],
      ['2', 'decode', 1],
      ['1 warm-up', 'warm-up', 1],
    ]);
    expect(decompose(trace, labels, { by: 'rank' }).rows.map((row) => row.key)).toEqual(['0', '1']);
    expect(decompose(trace, labels, { by: 'stream' }).rows.map((row) => row.key)).toEqual([
      'rank 0 cuda:0 stream 7',
      'rank 1 cuda:0 stream 7',
    ]);
    const phases = decompose(trace, labels, { by: 'phase' }).rows;
    expect(phases.map((row) => [row.key, row.calls])).toEqual([
      ['prefill', 3],
      ['decode', 1],
    ]);
  });

  it('counts what starts inside a half-open window', () => {
    const trace = traceOf({
      gpu: [0, 10, 20, 30].map((start) => ({ start, duration: 5 })),
    });
    const labels = labelsOf(trace);
    const inside = decompose(trace, labels, {
      by: 'kernel',
      window: { startNs: 10, endNs: 30 },
    });
    expect(inside.overall.calls).toBe(2);
    expect(inside.population.rows).toBe(2);
    expect(inside.population.counted).toBe(2);
    expect(inside.overall.duty_cycle).toBeCloseTo(0.5, 12);
    expect(decompose(trace, labels, { by: 'kernel' }).population.counted).toBe(4);
    expect(() =>
      decompose(trace, labels, { by: 'kernel', window: { startNs: 30, endNs: 10 } }),
    ).toThrow(RangeError);
    expect(() =>
      decompose(trace, labels, { by: 'kernel', window: { startNs: NaN, endNs: 10 } }),
    ).toThrow(RangeError);
  });

  it('says nothing of what is not there: no calls, one call, calls of no duration', () => {
    const empty = traceOf({});
    const nothing = decompose(empty, labelsOf(empty), { by: 'layer-type' });
    expect(nothing.rows).toEqual([]);
    expect(nothing.overall).toEqual({
      calls: 0,
      total_ns: 0,
      p50_ns: null,
      p99_ns: null,
      max_ns: null,
      tail_ratio: null,
      duty_cycle: null,
    });
    const one = traceOf({ gpu: [{ start: 0, duration: 7 }] });
    const single = decompose(one, labelsOf(one), { by: 'layer-type' });
    expect(single.overall).toMatchObject({ calls: 1, p50_ns: 7, p99_ns: 7, tail_ratio: 1 });
    expect(single.rows[0]).toMatchObject({ weak_p99: true, share: 1, key: 'unclassified' });
    const instant = traceOf({
      gpu: [
        { start: 0, duration: 0 },
        { start: 5, duration: 0 },
      ],
    });
    const zero = decompose(instant, labelsOf(instant), { by: 'layer-type' });
    expect(zero.overall).toMatchObject({ calls: 2, total_ns: 0, p50_ns: 0, tail_ratio: null });
    expect(zero.rows[0].share).toBe(0);
    expect(zero.rows[0].evidence).toEqual([]);
  });

  it('keeps host API time apart from GPU time', () => {
    const trace = traceOf({
      lanes: [thread()],
      launches: [
        { start: 0, duration: 30 },
        { start: 50, duration: 10 },
      ],
    });
    const {
      overall,
      population,
      trace: figures,
    } = decompose(trace, labelsOf(trace), {
      by: 'layer-type',
    });
    expect(population).toMatchObject({ time_kind: 'host_api', gpu_time_ns: 0, rows: 2 });
    expect(overall).toMatchObject({ calls: 2, total_ns: 40, duty_cycle: null });
    expect(figures.gpu_events).toBe(0);
  });

  it('sets calls against calls counted, never against counts of other events', () => {
    const parts = {
      format: 'ingero' as const,
      lanes: [thread()],
      launches: [
        { start: 0, duration: 30 },
        { start: 50, duration: 10 },
      ],
      host: [{ start: 0, duration: 5 }],
      rowsCounted: 1000,
    };
    const counted = (calls: number | null, rows = 2) => {
      const trace = traceOf({
        ...parts,
        countedByName: [
          { source: 'CUDA', name: 'cudaLaunchKernel', table: 'launches', rows, counted: calls },
          { source: 'HOST', name: 'sched_switch', table: 'host', rows: 1, counted: 900 },
        ],
      });
      return decompose(trace, labelsOf(trace), { by: 'kernel' }).population.counted;
    };
    expect(counted(100)).toBe(100);
    expect(counted(null)).toBeNull();
    expect(counted(100, 1)).toBeNull();
    const all = traceOf(parts);
    expect(decompose(all, labelsOf(all), { by: 'kernel' }).population.counted).toBeNull();
  });

  it('counts a row where all calls of its names are in it, and is unknown elsewhere', () => {
    const trace = traceOf({
      format: 'ingero',
      lanes: [thread()],
      launches: [
        { start: 0, duration: 30, name: 'cudaLaunchKernel' },
        { start: 50, duration: 10, name: 'cudaLaunchKernel' },
        { start: 70, duration: 10, name: 'cuMemcpy' },
        { start: 90, duration: 10, name: 'cudaFree' },
      ],
      countedByName: [
        // Of two libraries: a name stands for both.
        { source: 'CUDA', name: 'cudaLaunchKernel', table: 'launches', rows: 1, counted: 100 },
        { source: 'DRIVER', name: 'cudaLaunchKernel', table: 'launches', rows: 1, counted: 7 },
        { source: 'DRIVER', name: 'cuMemcpy', table: 'launches', rows: 1, counted: null },
        { source: 'HOST', name: 'cudaFree', table: 'host', rows: 1, counted: 900 },
      ],
    });
    const labels = labelsOf(trace);
    const of = (by: DecomposeBy, window?: TimeWindow) =>
      decompose(trace, labels, { by, window }).rows.map(({ key, calls, counted }) => [
        key,
        calls,
        counted,
      ]);
    expect(of('kernel')).toEqual([
      ['cudaLaunchKernel', 2, 107],
      ['cuMemcpy', 1, null],
      ['cudaFree', 1, null],
    ]);
    expect(of('phase')).toEqual([['unknown', 4, null]]);
    expect(of('kernel', { startNs: 0, endNs: 60 })).toEqual([['cudaLaunchKernel', 2, null]]);
    // Calls of one name in two rows: of neither does anybody know how many there were.
    const split = { ...labels, type: Uint8Array.from([1, 2, 0, 0]) };
    const types = decompose(trace, split, { by: 'layer-type' }).rows;
    expect(types.map(({ calls, counted }) => [calls, counted])).toEqual([
      [1, null],
      [2, null],
      [1, null],
    ]);
    const flat = traceOf({ lanes: [thread()], launches: [{ start: 0, duration: 1 }] });
    expect(decompose(flat, labelsOf(flat), { by: 'kernel' }).rows[0].counted).toBe(1);
  });

  it('loses no digit in a sum', () => {
    const values = [1e16, 1, 1, 1, 1, -1e16];
    expect(exactSum(values)).toBe(4);
    expect(exactSum([])).toBe(0);
  });
});

describe('duty cycle', () => {
  it('is the union of kernels, not their sum, and leaves copies out', () => {
    const trace = traceOf({
      lanes: [stream('7'), stream('8')],
      gpu: [
        { start: 0, duration: 40 },
        { start: 20, duration: 40, lane: 1 },
        { start: 30, duration: 10, lane: 1 },
        { start: 80, duration: 20, kind: 1 },
      ],
    });
    expect(dashboard(trace).duty_cycle).toBeCloseTo(0.6, 12);
  });

  it('is the mean over devices, of each rank its own', () => {
    const trace = traceOf({
      lanes: [stream('7', 0, 0), stream('7', 0, 1)],
      gpu: [
        { start: 0, duration: 100 },
        { start: 0, duration: 50, lane: 1 },
      ],
    });
    expect(dashboard(trace).duty_cycle).toBeCloseTo(0.75, 12);
  });

  it('is sampled once a second, the last sample taking the remainder', () => {
    const trace = traceOf({
      gpu: [
        { start: 0, duration: 0.25e9 },
        { start: 0.75e9, duration: 0.5e9 },
        { start: 2e9, duration: 1.2e9 },
      ],
      spanNs: 3.2e9,
    });
    const view = dashboard(trace);
    expect(view.sample_ns).toBe(1e9);
    expect(view.duty_cycle_samples).toHaveLength(3);
    [0.5, 0.25, 1].forEach((share, i) => {
      expect(view.duty_cycle_samples[i]).toBeCloseTo(share, 12);
    });
    expect(view.duty_cycle_range).toMatchObject({ min: 0.25, median: 0.5, max: 1 });
  });

  it('is unknown without GPU events', () => {
    const view = dashboard(traceOf({}));
    expect(view).toMatchObject({
      duty_cycle: null,
      duty_cycle_range: null,
      duty_cycle_samples: [],
    });
  });
});
