import { describe, expect, it } from 'vitest';
import { API_CALL, COUNTER } from '../../../src/analysis/results.js';
import type { TileSet } from '../../../src/analysis/results.js';
import { Timeline } from '../../../src/analysis/timeline.js';
import { ANNOTATION, FRAME, LAYER_TYPES, MODULE } from '../../../src/trace/index.js';
import type { Step } from '../../../src/trace/index.js';
import { labelsOf, randomNumbers, stream, thread, traceOf } from './smallTrace.js';

/** Boxes as text by "group/level/label". */
function byRow(tiles: TileSet): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  tiles.rows.forEach((row) => {
    rows[`${row.group}/${row.level}/${row.label}`] = [];
  });
  for (let i = 0; i < tiles.count; i++) {
    const row = tiles.rows[tiles.row[i]];
    rows[`${row.group}/${row.level}/${row.label}`].push(
      `${tiles.texts[tiles.text[i]]} ${tiles.start[i]}+${tiles.duration[i]}`,
    );
  }
  return rows;
}

const steps: readonly Step[] = [
  { label: 'step 1', phase: 'decode', rank: 0, number: 1, start: 0, duration: 50 },
  { label: 'step 2', phase: 'decode', rank: 0, number: 2, start: 50, duration: 50 },
];

describe('timeline', () => {
  it('shows step, layer, module and kernel of a stream', () => {
    const trace = traceOf({
      gpu: [0, 10, 20, 30, 40, 50].map((start, i) => ({ start, duration: 8, name: `k${i}` })),
    });
    const labels = labelsOf(
      trace,
      (call) =>
        [
          { type: 'norm', index: 0, module: 'Block_0.Norm_0', step: 0 } as const,
          { type: 'mamba', index: 0, module: 'Block_0.Mixer_0', step: 0 } as const,
          { type: 'moe_router', index: 1, module: 'Block_1.MoE_0', step: 0 } as const,
          {},
          { type: 'moe_experts', index: 1, module: 'Block_1.MoE_0', step: 0 } as const,
          { type: 'moe_experts', index: 1, module: 'Block_1.MoE_0', step: 1 } as const,
        ][call],
      steps,
    );
    const tiles = new Timeline(trace, labels).tiles({ startNs: 0, endNs: 100, pixels: 1000 });
    expect(byRow(tiles)).toEqual({
      'cuda:0 stream 7/step/Steps': ['step 1 0+28', 'step 1 40+8', 'step 2 50+8'],
      'cuda:0 stream 7/layer/Layers': [
        'L0 Mamba 0+18',
        'L1 MoE 20+8',
        'L1 MoE 40+8',
        'L1 MoE 50+8',
      ],
      'cuda:0 stream 7/module/Modules': [
        'Norm_0 0+8',
        'Mixer_0 10+8',
        'MoE_0 20+8',
        'MoE_0 40+8',
        'MoE_0 50+8',
      ],
      'cuda:0 stream 7/kernel/Kernels': [
        'k0 0+8',
        'k1 10+8',
        'k2 20+8',
        'k3 30+8',
        'k4 40+8',
        'k5 50+8',
      ],
    });
    const kernels = tiles.rows.findIndex((row) => row.level === 'kernel');
    const boxes = Array.from({ length: tiles.count }, (_, i) => i);
    const calls = boxes.filter((i) => tiles.row[i] === kernels).map((i) => tiles.call[i]);
    expect(calls).toEqual([0, 1, 2, 3, 4, 5]);
    expect(boxes.filter((i) => tiles.row[i] !== kernels).every((i) => tiles.call[i] === -1)).toBe(
      true,
    );
    const types = boxes
      .filter((i) => tiles.row[i] === kernels)
      .map((i) => LAYER_TYPES[tiles.type[i]].key);
    expect(types).toEqual([
      'norm',
      'mamba',
      'moe_router',
      'unclassified',
      'moe_experts',
      'moe_experts',
    ]);
    expect(tiles.rows[kernels].busy).toBeCloseTo(48 / 58, 12);
  });

  it('nests annotations and modules of a thread and leaves its frames out', () => {
    const trace = traceOf({
      lanes: [stream(), thread()],
      gpu: [{ start: 90, duration: 5 }],
      ranges: [
        { start: 0, duration: 100, lane: 1, kind: ANNOTATION, name: 'step' },
        { start: 5, duration: 60, lane: 1, kind: FRAME, name: 'a.py(1): f', parent: 0 },
        { start: 10, duration: 50, lane: 1, kind: MODULE, name: 'nn.Module: Block_0', parent: 1 },
        { start: 20, duration: 10, lane: 1, kind: MODULE, name: 'nn.Module: Norm_0', parent: 2 },
        { start: 70, duration: 10, lane: 1, kind: MODULE, name: 'nn.Module: Head_0', parent: 0 },
        // Recorded as a sibling, overlapping by a tick of the clock: it keeps a row of its own.
        { start: 79, duration: 10, lane: 1, kind: MODULE, name: 'nn.Module: Late_0', parent: 0 },
      ],
      launches: [{ start: 22, duration: 3, lane: 1, name: 'cudaLaunchKernel' }],
      host: [{ start: 40, duration: 6, lane: 1, name: 'sched_switch' }],
    });
    const rows = byRow(
      new Timeline(trace, labelsOf(trace)).tiles({ startNs: 0, endNs: 100, pixels: 1000 }),
    );
    expect(Object.entries(rows).filter(([row]) => row.startsWith('python'))).toEqual([
      ['python (1)/annotation/Annotations', ['step 0+100']],
      [
        'python (1)/module/Modules',
        // both module rows, one under the other, have one heading
        [
          'nn.Module: Block_0 10+50',
          'nn.Module: Head_0 70+10',
          'nn.Module: Norm_0 20+10',
          'nn.Module: Late_0 79+10',
        ],
      ],
      ['python (1)/API call/API calls', ['cudaLaunchKernel 22+3']],
      ['python (1)/host/Host events', ['sched_switch 40+6']],
    ]);
  });

  it('gives overlapping calls rows of their own and drops none, at any zoom', () => {
    const random = randomNumbers(21);
    const events = Array.from({ length: 5000 }, () => ({
      start: Math.floor(random() * 100_000),
      duration: random() < 0.05 ? 0 : Math.floor(random() ** 4 * 900),
      lane: Math.floor(random() * 2),
    }));
    const trace = traceOf({ lanes: [stream('7'), stream('8')], gpu: events });
    const timeline = new Timeline(trace, labelsOf(trace));
    for (let trial = 0; trial < 40; trial++) {
      const startNs = trial === 0 ? 0 : random() * 100_000;
      const endNs = trial === 0 ? 200_000 : startNs + random() ** 2 * 50_000 + 1;
      const tiles = timeline.tiles({ startNs, endNs, pixels: 1 + Math.floor(random() * 1500) });
      const inside = events.filter(
        ({ start, duration }) =>
          (start >= startNs && start < endNs) || (start < startNs && start + duration > startNs),
      );
      expect(tiles.calls.reduce((sum, calls) => sum + calls, 0)).toBe(inside.length);
      const lastEnd = new Float64Array(tiles.rows.length).fill(-Infinity);
      for (let i = 0; i < tiles.count; i++) {
        expect(tiles.start[i]).toBeGreaterThanOrEqual(lastEnd[tiles.row[i]]);
        lastEnd[tiles.row[i]] = tiles.start[i] + tiles.duration[i];
      }
    }
  });

  it('leads from an API call to the first GPU call it launched', () => {
    const launches = [
      { start: 0, duration: 5, lane: 1, name: 'cudaGraphLaunch' },
      { start: 10, duration: 5, lane: 1, name: 'cudaStreamSynchronize' },
      { start: 20, duration: 5, lane: 1, name: 'cudaLaunchKernel' },
    ];
    // Given out of order: calls are numbered by time, and the first is the earliest.
    const gpu = [
      { start: 60, duration: 5, name: 'third', launch: 2 },
      { start: 50, duration: 5, name: 'second', launch: 0 },
      { start: 40, duration: 5, name: 'first', launch: 0 },
      { start: 30, duration: 5, name: 'of no launch' },
    ];
    const trace = traceOf({ lanes: [stream(), thread()], gpu, launches });
    const tiles = new Timeline(trace, labelsOf(trace)).tiles({
      startNs: 0,
      endNs: 100,
      pixels: 1000,
    });
    const row = tiles.rows.findIndex(({ level }) => level === API_CALL);
    const boxes = Array.from({ length: tiles.count }, (_, box) => box);
    const named = boxes
      .filter((box) => tiles.row[box] === row)
      .map((box) => {
        const call = tiles.call[box];
        const launched = call < 0 ? '' : trace.names.get(trace.gpu.name[call]);
        return [tiles.texts[tiles.text[box]], launched];
      });
    expect(named).toEqual([
      ['cudaGraphLaunch', 'first'],
      ['cudaStreamSynchronize', ''],
      ['cudaLaunchKernel', 'third'],
    ]);
  });

  it('shows API calls as the measured calls where there is no GPU', () => {
    const trace = traceOf({
      lanes: [thread()],
      launches: [
        { start: 0, duration: 100, name: 'cudaLaunchKernel' },
        { start: 10, duration: 80, name: 'cuLaunchKernel' },
      ],
    });
    const tiles = new Timeline(
      trace,
      labelsOf(trace, () => ({ type: 'attention' })),
    ).tiles({
      startNs: 0,
      endNs: 100,
      pixels: 100,
    });
    expect(byRow(tiles)).toEqual({
      'python (1)/call/API calls': ['cudaLaunchKernel 0+100'],
      'python (1)/call/API calls, overlap 1': ['cuLaunchKernel 10+80'],
    });
    expect(Array.from(tiles.call)).toEqual([0, 1]);
    expect(LAYER_TYPES[tiles.type[0]].key).toBe('attention');
  });

  it('shows counters as rows of their own behind all others, by GPU and host, with their scale', () => {
    const track = (name: string, unit: string, device: number, value: number[]) => ({
      ...{ name, unit, device, rank: 0, source: 'C' },
      time: Float64Array.from(value, (_, i) => i * 10 - 5),
      value: Float64Array.from(value),
    });
    const trace = traceOf({
      gpu: [{ start: 0, duration: 100 }],
      counters: [
        track('queue', '', -1, [0, 0]),
        track('SMs Active', '%', 0, [10, 90, 40, 55]),
        track('Delta', 'W', 0, [-3, 8]),
      ],
    });
    const timeline = new Timeline(trace, labelsOf(trace));
    const tiles = timeline.tiles({ startNs: 0, endNs: 100, pixels: 5 });
    const rows = tiles.rows.filter(({ level }) => level === COUNTER);
    expect(rows).toEqual(tiles.rows.slice(1));
    expect(rows.map(({ group, label, scale }) => ({ group, label, ...scale }))).toEqual([
      { group: 'cuda:0 counters', label: 'SMs Active (%)', unit: '%', low: 0, high: 100 },
      { group: 'cuda:0 counters', label: 'Delta (W)', unit: 'W', low: -3, high: 8 },
      { group: 'host counters', label: 'queue', unit: '', low: 0, high: 1 },
    ]);
    const { curves } = tiles;
    const of = (row: number) =>
      Array.from({ length: tiles.count }, (_, box) => box)
        .filter((box) => tiles.row[box] === row)
        .map((box) => {
          const i = box - (curves?.first ?? NaN);
          const [from, to] = [tiles.start[box], tiles.start[box] + tiles.duration[box]];
          return `${from}..${to} x${tiles.calls[box]} ${curves?.low[i]}..${curves?.high[i]} ${curves?.last[i]}`;
        });
    // Pixels of 20 ns, counted from 0.
    expect(of(1)).toEqual(['-5..5 x1 10..10 10', '5..25 x2 40..90 40', '25..35 x1 55..55 55']);
    expect(of(2)).toEqual(['-5..5 x1 -3..-3 -3', '5..15 x1 8..8 8']);
    expect(tiles.call.slice(curves?.first).every((call) => call === -1)).toBe(true);
  });

  it('gives curves of very many counters in wider pixels, never more than half a million points', () => {
    const time = Float64Array.from({ length: 20_000 }, (_, i) => i);
    const counters = Array.from({ length: 100 }, (_, i) => ({
      ...{ name: `c${i}`, unit: '', device: 0, rank: 0, source: 'C', time, value: time },
    }));
    const trace = traceOf({ gpu: [{ start: 0, duration: 20_000 }], counters });
    const tiles = new Timeline(trace, labelsOf(trace)).tiles({
      ...{ startNs: 0, endNs: 20_000, pixels: 20_000 },
    });
    const points = tiles.count - (tiles.curves?.first ?? 0);
    expect(points).toBe(500_000);
    expect(tiles.calls.slice(tiles.curves?.first).reduce((sum, n) => sum + n, 0)).toBe(2_000_000);
  });

  it('answers for an empty trace and refuses what is no window', () => {
    const empty = traceOf({});
    const timeline = new Timeline(empty, labelsOf(empty));
    expect(timeline.tiles({ startNs: 0, endNs: 0, pixels: 100 })).toMatchObject({
      count: 0,
      rows: [],
    });
    expect(() => timeline.tiles({ startNs: 1, endNs: 0, pixels: 100 })).toThrow(RangeError);
    expect(() => timeline.tiles({ startNs: 0, endNs: 1, pixels: 0 })).toThrow(RangeError);
    expect(() => timeline.tiles({ startNs: 0, endNs: NaN, pixels: 10 })).toThrow(RangeError);
  });
});
