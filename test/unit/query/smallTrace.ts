import type { StallColumns } from '../../../src/analysis/results.js';
import { queryTables, type QueryTables } from '../../../src/query/tables.js';
import {
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  NameTable,
  RangeBuilder,
  layerTypeCode,
  measuredColumns,
  type RecordedFormat,
  type LayerLabels,
  type Trace,
} from '../../../src/trace/index.js';

/** Unix time beyond 2^53 ns, so that a double anywhere would show. */
export const ORIGIN = 1777334400000000123n;

const STEPS = [
  {
    label: 'execute step=7 prefill',
    phase: 'prefill',
    rank: 0,
    number: 7,
    start: 0,
    duration: 600,
  },
  {
    label: 'execute step=8 decode',
    phase: 'decode',
    rank: 0,
    number: 8,
    start: 600,
    duration: 9e5,
  },
] as const;

/**
 * Two ranks. Rank 0 runs a Mamba kernel, an exchange that waits, a graph of two kernels and a copy;
 * rank 1 runs an exchange and an unclassified kernel that no launch leads to.
 */
export function smallTrace(): { trace: Trace; labels: LayerLabels } {
  const names = new NameTable();
  const name = (text: string) => names.intern(text);
  const gpu = new GpuBuilder();
  const exchange = {
    name: name('ncclDevKernel_SendRecv'),
    kind: 0,
    collective: name('all_to_all'),
  };
  gpu.push({
    start: 100,
    duration: 42_000,
    name: name('selective_scan_fwd'),
    lane: 0,
    kind: 0,
    correlation: 1,
    shape: 0,
  });
  gpu.push({ ...exchange, start: 50_000, duration: 12_400_500, lane: 0, correlation: 2 });
  gpu.push({ ...exchange, start: 60_000, duration: 1_000.5, lane: 1 });
  gpu.push({
    start: 13_000_000,
    duration: 10,
    name: name('rms_norm'),
    lane: 0,
    kind: 0,
    correlation: 3,
  });
  gpu.push({
    start: 13_000_020,
    duration: 30,
    name: name('flash_fwd'),
    lane: 0,
    kind: 0,
    correlation: 3,
  });
  gpu.push({
    start: 13_000_100,
    duration: 200,
    name: name('Memcpy HtoD'),
    lane: 0,
    kind: 1,
    bytes: 4_000,
  });
  gpu.push({ start: 13_000_200, duration: 5, name: name('gemm'), lane: 1, kind: 0 });
  const launches = new LaunchBuilder();
  launches.push({
    start: 50,
    duration: 20,
    name: name('cudaLaunchKernel'),
    lane: 2,
    correlation: 1,
  });
  launches.push({
    start: 40_000,
    duration: 20_000,
    name: name('cudaLaunchKernelExC'),
    lane: 2,
    correlation: 2,
  });
  launches.push({
    start: 12_999_000,
    duration: 500,
    name: name('cudaGraphLaunch'),
    lane: 2,
    correlation: 3,
  });
  launches.push({ start: 14_000_000, duration: 7, name: name('cudaDeviceSynchronize'), lane: 2 });
  const ranges = new RangeBuilder();
  ranges.push({ start: 10, duration: 900, name: name('step'), lane: 2, kind: 0 });
  ranges.push({
    start: 20,
    duration: 100,
    name: name('nn.Module: Mixer_0'),
    lane: 2,
    kind: 1,
    parent: 0,
  });
  const host = new HostBuilder();
  host.push({ start: 70_000, duration: 5_000, name: name('sched_switch'), lane: 2, kind: 0 });
  const gpuColumns = gpu.build();
  gpuColumns.launch.set([0, 1, -1, 2, 2, -1, -1]);
  gpuColumns.replayed.set([0, 0, 0, 1, 1, 0, 0]);
  const launchColumns = launches.build();
  launchColumns.range.set([1, -1, -1, -1]);
  const lane = { process: '', device: -1 };
  const trace: Trace = {
    files: [{ path: '/t/a.json', name: 'a.json', bytes: 1 }],
    format: 'kineto',
    formatLabel: 'test',
    clock: { originNs: ORIGIN, epoch: 'unix', fileBaseNs: 0n },
    spanNs: 14_000_007,
    names,
    ranks: [
      { rank: 0, worldSize: 2, label: 'rank 0', path: '/t/a.json', device: 'H200' },
      { rank: 1, worldSize: 2, label: 'rank 1', path: '/t/b.json', device: '' },
    ],
    lanes: [
      { ...lane, kind: 'stream', rank: 0, device: 0, id: '7', label: 'stream 7' },
      { ...lane, kind: 'stream', rank: 1, device: 1, id: '7', label: 'stream 7' },
      { ...lane, kind: 'thread', rank: 0, id: '868', process: '860', label: 'python3 (868)' },
    ],
    gpu: gpuColumns,
    launches: launchColumns,
    ranges: ranges.build(),
    host: host.build(),
    kernelShapes: [{ grid: [4, 2, 1], block: [128, 1, 1] }],
    stacks: { frames: [], stacks: [] },
    counters: [
      {
        ...{ name: 'SMs Active', unit: '%', rank: 0, device: 0, source: 'GPU_METRICS' },
        time: Float64Array.of(-500, 1000.5, 2000, 3000),
        value: Float64Array.of(0, 100, 55.5, 40),
      },
      {
        ...{ name: 'queue', unit: '', rank: 1, device: -1, source: 'C' },
        time: Float64Array.of(1500),
        value: Float64Array.of(-3),
      },
    ],
    markers: [],
    report: {
      rowsInFile: 0,
      rowsRead: 0,
      rowsCounted: null,
      skipped: [],
      warnings: [],
      missing: [],
      facts: [],
    },
  };
  const type = (key: string) => layerTypeCode(key);
  const labels: LayerLabels = {
    type: Uint8Array.of(
      type('mamba'),
      type('moe_all_to_all'),
      type('moe_all_to_all'),
      type('norm'),
      type('attention'),
      type('memcpy'),
      type('unclassified'),
    ),
    index: Int16Array.of(0, 1, 1, 2, 2, -1, -1),
    module: Uint32Array.of(
      name('Block_0.Mixer_0'),
      name('Block_1.MoE_0'),
      name('Block_1.MoE_0'),
      0,
      0,
      0,
      0,
    ),
    method: Uint8Array.of(1, 1, 1, 5, 5, 5, 0),
    rule: new Uint16Array(7),
    step: Int32Array.of(0, 1, -1, 1, 1, 1, -1),
    rules: [''],
    steps: STEPS,
  };
  return { trace, labels };
}

/** The same as a trace of API calls only. */
export function hostTrace(format: RecordedFormat): { trace: Trace; labels: LayerLabels } {
  const { trace, labels } = smallTrace();
  const count = trace.launches.count;
  return {
    trace: { ...trace, format, gpu: new GpuBuilder().build() },
    labels: {
      ...labels,
      type: new Uint8Array(count),
      index: new Int16Array(count).fill(-1),
      module: new Uint32Array(count),
      method: new Uint8Array(count),
      rule: new Uint16Array(count),
      step: new Int32Array(count).fill(-1),
    },
  };
}

export function smallStalls(trace: Trace, calls: readonly number[]): StallColumns {
  const { duration } = measuredColumns(trace);
  return {
    call: Uint32Array.from(calls),
    typical_ns: new Float64Array(calls.length).fill(1000),
    lost_ns: Float64Array.from(calls, (call) => duration[call] - 1000),
    has_source: new Uint8Array(calls.length).fill(1),
  };
}

export function smallTables(): QueryTables {
  const { trace, labels } = smallTrace();
  return queryTables(trace, labels, smallStalls(trace, [1]));
}
