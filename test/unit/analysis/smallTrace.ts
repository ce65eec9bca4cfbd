import {
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  METHODS,
  NameTable,
  RangeBuilder,
  layerTypeCode,
  measuredColumns,
} from '../../../src/trace/index.js';
import type {
  CountedEvents,
  CounterTrack,
  RecordedFormat,
  Frame,
  KernelShape,
  Lane,
  LayerLabels,
  LayerType,
  Method,
  Rank,
  Step,
  Trace,
} from '../../../src/trace/index.js';

/** A stream of a device; `id` 7 unless said. */
export function stream(id = '7', device = 0, rank = 0): Lane {
  return { kind: 'stream', rank, device, id, process: '1', label: `stream ${id}` };
}

export function thread(id = '1', rank = 0): Lane {
  return { kind: 'thread', rank, device: -1, id, process: '1', label: `python (${id})` };
}

export interface GpuEvent {
  start: number;
  duration: number;
  name?: string;
  lane?: number;
  kind?: number;
  bytes?: number;
  shape?: number;
  correlation?: number;
  stack?: number;
  /** index in `launches` as given */
  launch?: number;
  replayed?: boolean;
}

export interface Parts {
  lanes?: readonly Lane[];
  ranks?: readonly Rank[];
  gpu?: readonly GpuEvent[];
  launches?: readonly {
    start: number;
    duration: number;
    name?: string;
    lane?: number;
    correlation?: number;
    stack?: number;
    /** index in `ranges` as given */
    range?: number;
  }[];
  ranges?: readonly {
    start: number;
    duration: number;
    name?: string;
    lane?: number;
    kind: number;
    parent?: number;
  }[];
  counters?: readonly CounterTrack[];
  host?: readonly { start: number; duration: number; name?: string; lane?: number }[];
  shapes?: readonly KernelShape[];
  frames?: readonly Frame[];
  stacks?: readonly (readonly number[])[];
  rowsCounted?: number | null;
  format?: RecordedFormat;
  countedByName?: readonly CountedEvents[];
  /** else from the events */
  spanNs?: number;
}

/** A trace of the given events. Those of `launches` and `ranges` must be given in time order. */
export function traceOf(parts: Parts): Trace {
  const lanes = parts.lanes ?? [stream()];
  const names = new NameTable();
  const gpu = new GpuBuilder();
  let end = 0;
  const reach = (event: { start: number; duration: number }): void => {
    end = Math.max(end, event.start + event.duration);
  };
  for (const event of parts.gpu ?? []) {
    reach(event);
    const { start, duration, bytes, shape, correlation, stack } = event;
    gpu.push({
      start,
      duration,
      name: names.intern(event.name ?? 'kernel'),
      lane: event.lane ?? 0,
      kind: event.kind ?? 0,
      ...(bytes === undefined ? {} : { bytes }),
      ...(shape === undefined ? {} : { shape }),
      ...(correlation === undefined ? {} : { correlation }),
      ...(stack === undefined ? {} : { stack }),
    });
    gpu.launch.set(gpu.count - 1, event.launch ?? -1);
    gpu.replayed.set(gpu.count - 1, event.replayed === true ? 1 : 0);
  }
  const launches = new LaunchBuilder();
  for (const call of parts.launches ?? []) {
    reach(call);
    launches.push({
      start: call.start,
      duration: call.duration,
      name: names.intern(call.name ?? 'cudaLaunchKernel'),
      lane: call.lane ?? 0,
      ...(call.correlation === undefined ? {} : { correlation: call.correlation }),
      ...(call.stack === undefined ? {} : { stack: call.stack }),
    });
  }
  const ranges = new RangeBuilder();
  for (const range of parts.ranges ?? []) {
    reach(range);
    ranges.push({
      start: range.start,
      duration: range.duration,
      name: names.intern(range.name ?? 'range'),
      lane: range.lane ?? 0,
      kind: range.kind,
      parent: range.parent ?? -1,
    });
  }
  const host = new HostBuilder();
  for (const event of parts.host ?? []) {
    reach(event);
    host.push({
      start: event.start,
      duration: event.duration,
      name: names.intern(event.name ?? 'sched_switch'),
      lane: event.lane ?? 0,
      kind: 0,
    });
  }
  const builtLaunches = launches.build();
  (parts.launches ?? []).forEach((call, i) => {
    builtLaunches.range[i] = call.range ?? -1;
  });
  const rows = gpu.count + launches.count + ranges.count + host.count;
  return {
    files: [{ path: '/traces/small.json', name: 'small.json', bytes: 1 }],
    format: parts.format ?? 'kineto',
    formatLabel: 'test',
    clock: { originNs: 0n, epoch: 'session', fileBaseNs: 0n },
    spanNs: parts.spanNs ?? end,
    names,
    ranks: parts.ranks ?? ranksOf(lanes),
    lanes,
    gpu: gpu.build(),
    launches: builtLaunches,
    ranges: ranges.build(),
    host: host.build(),
    kernelShapes: parts.shapes ?? [],
    stacks: {
      frames: parts.frames ?? [],
      stacks: (parts.stacks ?? []).map((stack) => Uint32Array.from(stack)),
    },
    counters: parts.counters ?? [],
    markers: [],
    report: {
      rowsInFile: rows,
      rowsRead: rows,
      rowsCounted: parts.rowsCounted ?? null,
      skipped: [],
      warnings: [],
      missing: [],
      facts: [],
      ...(parts.countedByName === undefined ? {} : { countedByName: parts.countedByName }),
    },
  };
}

export interface Label {
  type?: LayerType;
  index?: number;
  module?: string;
  method?: Method;
  step?: number;
}

/** Labels of a trace's measured calls, by call in time order; what is not said is unclassified. */
export function labelsOf(
  trace: Trace,
  label: (call: number) => Label = () => ({}),
  steps: readonly Step[] = [],
): LayerLabels {
  const { count } = measuredColumns(trace);
  const labels = {
    type: new Uint8Array(count),
    index: new Int16Array(count).fill(-1),
    module: new Uint32Array(count),
    method: new Uint8Array(count),
    rule: new Uint16Array(count),
    step: new Int32Array(count).fill(-1),
    rules: [''],
    steps,
  };
  for (let call = 0; call < count; call++) {
    const { type, index, module, method, step } = label(call);
    labels.type[call] = layerTypeCode(type ?? 'unclassified');
    labels.index[call] = index ?? -1;
    labels.module[call] = trace.names.intern(module ?? '');
    labels.method[call] = METHODS.indexOf(method ?? (type === undefined ? 'none' : 'name'));
    labels.step[call] = step ?? -1;
  }
  return labels;
}

/** Numbers from 0 to 1 that look random and are the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A rank for each that the lanes are of. */
function ranksOf(lanes: readonly Lane[]): Rank[] {
  const count = Math.max(...lanes.map(({ rank }) => rank)) + 1;
  return Array.from({ length: count }, (_, rank) => ({
    rank,
    worldSize: count,
    label: `rank ${rank}`,
    path: '/traces/small.json',
    device: 'H200',
  }));
}
