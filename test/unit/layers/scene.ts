import {
  ANNOTATION,
  FRAME,
  GpuBuilder,
  HostBuilder,
  KERNEL,
  LaunchBuilder,
  LAYER_TYPES,
  MEMCPY,
  METHODS,
  MODULE,
  NameTable,
  OP,
  RangeBuilder,
  type Frame,
  type LayerLabels,
  type Trace,
} from '../../../src/trace/index.js';

/** Something that happens on a host thread: a range with what happens inside it, or a launch. */
export type Act =
  | { range: number; name: string; inside: readonly Act[]; mark?: string; of?: string }
  | { launch: string; stack?: number; gpu: readonly GpuWork[] };

interface GpuWork {
  name: string;
  kind?: number;
  collective?: string;
}

const range =
  (kind: number) =>
  (name: string, ...inside: Act[]): Act => ({ range: kind, name, inside });

export const module = (instance: string, ...inside: Act[]): Act =>
  range(MODULE)(`nn.Module: ${instance}`, ...inside);
export const frame = range(FRAME);
export const op = range(OP);
export const annotation = range(ANNOTATION);
/** An operator that `backward` refers to by its mark. */
export const marked = (mark: string, name: string, ...inside: Act[]): Act => ({
  range: OP,
  name,
  inside,
  mark,
});
/** The backward operator of the one marked so. */
export const backward = (of: string, name: string, ...inside: Act[]): Act => ({
  range: OP,
  name,
  inside,
  of,
});
export const kernel = (name: string, more: { collective?: string; stack?: number } = {}): Act => ({
  launch: 'cudaLaunchKernel',
  ...(more.stack === undefined ? {} : { stack: more.stack }),
  gpu: [{ name, ...(more.collective === undefined ? {} : { collective: more.collective }) }],
});
export const copy = (name: string): Act => ({
  launch: 'cudaMemcpyAsync',
  gpu: [{ name, kind: MEMCPY }],
});
export const graph = (...names: string[]): Act => ({
  launch: 'cudaGraphLaunch',
  gpu: names.map((name) => ({ name })),
});
/** A call on the host that starts nothing on a GPU. */
export const hostCall = (name: string, stack?: number): Act => ({
  launch: name,
  ...(stack === undefined ? {} : { stack }),
  gpu: [],
});

/** A thread of a rank, with what happens on it one after the other. */
export interface Thread {
  rank?: number;
  process?: string;
  acts: readonly Act[];
}

/**
 * A trace in which the threads act one after the other, 10 ns an act, and every launch starts its
 * GPU work 1,000,000 ns later. `loose` names kernels without a launch.
 */
export function sceneTrace(
  threads: readonly Thread[],
  more: { frames?: readonly Frame[]; stacks?: readonly number[][]; loose?: readonly string[] } = {},
): Trace {
  const names = new NameTable();
  const ranges = new RangeBuilder();
  const launches = new LaunchBuilder();
  const gpu = new GpuBuilder();
  const rangeOfLaunch: number[] = [];
  const rangeOfMark = new Map<string, number>();
  const markOfBackward = new Map<number, string>();
  let time = 0;
  let rangeCount = 0;
  let launchCount = 0;
  const ranks = 1 + Math.max(0, ...threads.map((thread) => thread.rank ?? 0));
  const stream = (rank: number) => threads.length + rank;

  const lengthOf = (act: Act): number =>
    'range' in act ? 20 + act.inside.reduce((sum, inner) => sum + lengthOf(inner), 0) : 10;
  const perform = (act: Act, lane: number, rank: number, parent: number): void => {
    if ('range' in act) {
      const row = rangeCount++;
      ranges.push({
        start: time,
        duration: lengthOf(act),
        name: names.intern(act.name),
        lane,
        kind: act.range,
        parent,
      });
      if (act.mark !== undefined) {
        rangeOfMark.set(act.mark, row);
      }
      if (act.of !== undefined) {
        markOfBackward.set(row, act.of);
      }
      time += 10;
      act.inside.forEach((inner) => perform(inner, lane, rank, row));
      time += 10;
      return;
    }
    launches.push({
      start: time,
      duration: 5,
      name: names.intern(act.launch),
      lane,
      correlation: launchCount,
      ...(act.stack === undefined ? {} : { stack: act.stack }),
    });
    rangeOfLaunch.push(parent);
    act.gpu.forEach((work, i) =>
      gpu.push({
        start: 1_000_000 + time + i,
        duration: 1,
        name: names.intern(work.name),
        lane: stream(rank),
        kind: work.kind ?? KERNEL,
        correlation: launchCount,
        ...(work.collective === undefined ? {} : { collective: names.intern(work.collective) }),
      }),
    );
    launchCount++;
    time += 10;
  };
  threads.forEach((thread, lane) =>
    thread.acts.forEach((act) => perform(act, lane, thread.rank ?? 0, -1)),
  );
  more.loose?.forEach((name) => {
    time += 10;
    gpu.push({
      start: 1_000_000 + time,
      duration: 1,
      name: names.intern(name),
      lane: stream(0),
      kind: KERNEL,
    });
  });

  const builtLaunches = launches.build();
  // Times ascend with the order of pushing, so rows keep their numbers.
  rangeOfLaunch.forEach((parent, i) => (builtLaunches.range[i] = parent));
  const builtGpu = gpu.build();
  const users = new Map<number, number>();
  for (const correlation of builtGpu.correlation) {
    users.set(correlation, (users.get(correlation) ?? 0) + 1);
  }
  builtGpu.correlation.forEach((correlation, i) => {
    builtGpu.launch[i] = Number.isNaN(correlation) ? -1 : correlation;
    builtGpu.replayed[i] = (users.get(correlation) ?? 0) > 1 ? 1 : 0;
  });
  return {
    files: [],
    format: 'kineto',
    formatLabel: 'test scene',
    clock: { originNs: 0n, epoch: 'session', fileBaseNs: 0n },
    spanNs: time + 1_000_000,
    names,
    ranks: Array.from({ length: ranks }, (_, rank) => ({
      rank,
      worldSize: ranks,
      label: `rank ${rank}`,
      path: '',
      device: '',
    })),
    lanes: [
      ...threads.map((thread, i) => ({
        kind: 'thread' as const,
        rank: thread.rank ?? 0,
        device: -1,
        id: String(i),
        process: thread.process ?? '1',
        label: `thread ${i}`,
      })),
      ...Array.from({ length: ranks }, (_, rank) => ({
        kind: 'stream' as const,
        rank,
        device: 0,
        id: '7',
        process: '1',
        label: 'stream 7',
      })),
    ],
    gpu: builtGpu,
    launches: builtLaunches,
    ranges: {
      ...ranges.build(),
      ...(markOfBackward.size > 0 && {
        forward: Int32Array.from({ length: rangeCount }, (_, row) => {
          const mark = markOfBackward.get(row);
          return mark === undefined ? -1 : (rangeOfMark.get(mark) ?? -1);
        }),
      }),
    },
    host: new HostBuilder().build(),
    kernelShapes: [],
    stacks: {
      frames: more.frames ?? [],
      stacks: (more.stacks ?? []).map((frames) => Uint32Array.from(frames)),
    },
    counters: [],
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
}

export interface Told {
  name: string;
  type: string;
  index: number;
  module: string;
  method: string;
}

/** The labels of a trace's GPU events (or host calls), by name of the event. */
export function told(trace: Trace, labels: LayerLabels): Told[] {
  const columns = trace.gpu.count > 0 ? trace.gpu : trace.launches;
  return Array.from(columns.name, (name, i) => ({
    name: trace.names.get(name),
    type: LAYER_TYPES[labels.type[i]].key,
    index: labels.index[i],
    module: trace.names.get(labels.module[i]),
    method: METHODS[labels.method[i]],
  }));
}
