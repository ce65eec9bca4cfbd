import { describe, expect, it } from 'vitest';
import { findStalls, stallColumns } from '../../../src/analysis/stalls.js';
import { FRAME, NameTable, OP } from '../../../src/trace/index.js';
import type { Step } from '../../../src/trace/index.js';
import { labelsOf, stream, thread, traceOf } from './smallTrace.js';

const MICRO = 1000;

describe('stalls', () => {
  const trace = traceOf({
    gpu: [
      ...[100, 100, 100, 900, 5000].map((micros, i) => ({
        start: i * 1e7,
        duration: micros * MICRO,
        name: 'exchange',
      })),
      ...[10, 10, 400].map((micros, i) => ({
        start: 1e8 + i * 1e7,
        duration: micros * MICRO,
        name: 'gemm',
      })),
      ...[600, 600].map((micros, i) => ({
        start: 2e8 + i * 1e7,
        duration: micros * MICRO,
        name: 'large gemm',
      })),
    ],
  });
  const labels = labelsOf(trace, (call) => (call < 5 ? { type: 'moe_all_to_all' } : {}));

  it('are the same among more kernel names than a table is made for', () => {
    const few = findStalls(trace, labels);
    const many = new NameTable();
    trace.names.all().forEach((name) => many.intern(name));
    for (let i = 0; i < 4000; i++) {
      many.intern(`kernel ${i}`);
    }
    expect(findStalls({ ...trace, names: many }, { ...labels })).toEqual(few);
  });

  it('are the same in columns', () => {
    const { stalls } = findStalls(trace, labels, { limit: Infinity });
    const { call, typical_ns, lost_ns, has_source } = stallColumns(trace, labels);
    expect([...call]).toEqual(stalls.map((stall) => stall.call));
    expect([...typical_ns]).toEqual(stalls.map((stall) => stall.typical_ns));
    expect([...lost_ns]).toEqual(stalls.map((stall) => stall.lost_ns));
    expect([...has_source].map(Boolean)).toEqual(stalls.map((stall) => stall.has_source));
  });

  it('measures a call against its own layer type and kernel', () => {
    const { stalls, found, lost_ns } = findStalls(trace, labels);
    expect(stalls.map((stall) => [stall.call, stall.typical_ns, stall.lost_ns])).toEqual([
      [4, 100 * MICRO, 4900 * MICRO],
      [3, 100 * MICRO, 800 * MICRO],
      [7, 10 * MICRO, 390 * MICRO],
    ]);
    expect(found).toBe(3);
    expect(lost_ns).toBe((4900 + 800 + 390) * MICRO);
    expect(stalls[0]).toMatchObject({
      times_typical: 50,
      layer_type: 'moe_all_to_all',
      layer_label: 'MoE all-to-all',
      name: 'exchange',
      rank: 'rank 0',
      lane: 'cuda:0 stream 7',
      has_source: false,
    });
  });

  it('counts all of them and lists the first', () => {
    const { stalls, found } = findStalls(trace, labels, { limit: 1 });
    expect([stalls.length, found, stalls[0].call]).toEqual([1, 3, 4]);
  });

  it('follows factor, window and layer type, against the normal of the whole trace', () => {
    expect(findStalls(trace, labels, { factor: 10 }).stalls.map((s) => s.call)).toEqual([4, 7]);
    const window = { startNs: 3e7, endNs: 5e7 };
    expect(findStalls(trace, labels, { window }).stalls.map((s) => s.call)).toEqual([4, 3]);
    const unclassified = findStalls(trace, labels, { layerType: 'unclassified' });
    expect(unclassified.stalls.map((s) => s.call)).toEqual([7]);
    expect(() => findStalls(trace, labels, { layerType: 'mumba' })).toThrow(RangeError);
    expect(() => findStalls(trace, labels, { factor: 1 })).toThrow(RangeError);
    expect(() => findStalls(trace, labels, { factor: NaN })).toThrow(RangeError);
  });

  it('leaves out what lost less than 20 µs', () => {
    const tiny = traceOf({
      gpu: [1, 1, 1, 20.9, 21.1].map((micros, i) => ({ start: i * 1e6, duration: micros * MICRO })),
    });
    expect(findStalls(tiny, labelsOf(tiny)).stalls.map((stall) => stall.call)).toEqual([4]);
  });

  it('takes no ordinary GEMM for a stall beside many small kernels, nor prefill beside decode', () => {
    const steps: readonly Step[] = [
      { label: 'prefill', phase: 'prefill', rank: 0, number: 1, start: 0, duration: 1 },
      { label: 'decode', phase: 'decode', rank: 0, number: 2, start: 1, duration: 1 },
    ];
    const micros = [
      ...Array.from({ length: 50 }, () => ['copy', 2, 1] as const),
      ...[350, 360, 340, 345, 355, 3500].map((each) => ['gemm', each, 1] as const),
      ...[60, 62, 64, 61].map((each) => ['copy', each, 0] as const),
    ];
    const mixed = traceOf({
      gpu: micros.map(([name, each], i) => ({ start: i * 1e7, duration: each * MICRO, name })),
    });
    const experts = labelsOf(
      mixed,
      (call) => ({ type: 'moe_experts', step: micros[call][2] === 0 ? 0 : 1 }),
      steps,
    );
    const { stalls } = findStalls(mixed, experts);
    expect(stalls.map((stall) => [stall.name, stall.duration_ns, stall.typical_ns])).toEqual([
      ['gemm', 3500 * MICRO, 352.5 * MICRO],
    ]);
    // Without phases the prefill copies stand beside those of decode and are far above them.
    const timeless = labelsOf(mixed, () => ({ type: 'moe_experts' }));
    expect(findStalls(mixed, timeless).found).toBe(5);
  });

  it('knows whether something leads to code', () => {
    const frames = traceOf({
      lanes: [stream(), thread()],
      gpu: [
        { start: 0, duration: 1, launch: 0 },
        { start: 10, duration: 1, launch: 1 },
        { start: 20, duration: 1, launch: 2 },
        { start: 1e6, duration: 1e6, launch: 0 },
        { start: 3e6, duration: 1e6, launch: 1 },
        { start: 5e6, duration: 1e6, launch: 2 },
        { start: 7e6, duration: 1e6 },
        ...Array.from({ length: 9 }, (_, i) => ({ start: 30 + i, duration: 1 })),
      ],
      launches: [
        { start: 0, duration: 1, lane: 1, range: 1 },
        { start: 2, duration: 1, lane: 1, range: 2 },
        { start: 4, duration: 1, lane: 1, stack: 0 },
      ],
      ranges: [
        { start: 0, duration: 2, lane: 1, kind: FRAME, name: 'ep.py(19): ep_forward' },
        { start: 0, duration: 1, lane: 1, kind: OP, name: 'aten::mm', parent: 0 },
        { start: 2, duration: 1, lane: 1, kind: OP, name: 'aten::mm' },
      ],
      frames: [{ file: 'a.py', line: 1, function: 'f', library: '' }],
      stacks: [[0]],
    });
    const { stalls } = findStalls(frames, labelsOf(frames));
    const sources = new Map(stalls.map((stall) => [stall.start_ns, stall.has_source]));
    expect([1e6, 3e6, 5e6, 7e6].map((start) => sources.get(start))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('finds none in nothing', () => {
    const empty = traceOf({});
    expect(findStalls(empty, labelsOf(empty))).toMatchObject({ found: 0, lost_ns: 0, stalls: [] });
  });
});
