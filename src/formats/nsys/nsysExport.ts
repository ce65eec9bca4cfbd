import { SqlError, type SqlEngine } from '../../sqlite/engine.js';
import {
  NameTable,
  throwIfCancelled,
  type GpuColumns,
  type LaunchColumns,
  type Trace,
  type Warning,
} from '../../trace/index.js';
import { nestedCallWarnings } from '../ingero/nestedCalls.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { StackBuilder } from '../stackBuilder.js';
import { NsysApiCalls } from './apiCalls.js';
import { CallChains } from './callChains.js';
import { CapturedNodes } from './capturedNodes.js';
import { readCollectives } from './collectives.js';
import { NsysCounters } from './counters.js';
import { profilerWarnings } from './diagnostics.js';
import { NsysGpuWork } from './gpuWork.js';
import { NsysHostEvents } from './hostEvents.js';
import { NsysRanges } from './nvtx.js';
import { NsysPlaces } from './places.js';
import { PythonStacks } from './pythonStacks.js';
import { readRecording, statedRank, type Recording } from './recording.js';
import { NsysRows } from './rows.js';
import { NsysSchema } from './schema.js';
import { NsysStrings } from './strings.js';
import { countUnreadTables } from './unreadTables.js';

/** Makes a trace of an open export. @throws TraceOpenError, SqlError */
export async function readNsysExport(
  engine: SqlEngine,
  source: TraceSource,
  options: ReadOptions,
  found: readonly Warning[],
): Promise<Trace> {
  const schema = new NsysSchema(engine);
  const recording = readRecording(engine, schema);
  const strings = new NsysStrings(engine);
  const names = new NameTable();
  const places = new NsysPlaces(engine, schema, strings);
  const stacks = new StackBuilder();
  const rows = new NsysRows(engine, schema, middleTime(engine, schema), options);

  const calls = new NsysApiCalls(names, places, strings, stacks);
  await calls.read(engine, rows);
  const work = new NsysGpuWork(names, places, strings);
  await work.read(rows);
  const nodes = new CapturedNodes();
  if (work.nodes.length > 0) {
    await nodes.read(rows, places);
  }
  const nvtx = new NsysRanges(names, places, strings);
  const python = new PythonStacks(strings, rows);
  await nvtx.read(rows, python);
  python.giveTo(calls);
  const hostEvents = new NsysHostEvents(names, places, strings);
  await hostEvents.read(
    rows,
    calls,
    new CallChains(engine, schema, 'OSRT_CALLCHAINS', strings, stacks),
  );
  const counters = new NsysCounters(places);
  await counters.read(engine, rows);
  countUnreadTables(rows);

  throwIfCancelled(options.signal);
  options.progress?.({ stage: 'Linking kernels, launches and ranges' });
  const launches = calls.build();
  const link = linkGpuWork(work, calls);
  const gpu = { ...work.builder.build(), ...capturedCalls(work, nodes, launches, names) };
  const host = hostEvents.builder.build();
  const last = lastEnd([gpu, launches, host], nvtx.lastEnd);
  const { ranks, lanes } = places.build(source, statedRank(engine, schema), nvtx.communicatorRanks);
  const stop = stopOf(recording, rows.base, last);
  const { ranges, ncclCalls } = nvtx.build(launches, stop, lanes);
  const collectives = readCollectives(gpu, launches, ranges, names, ncclCalls);

  const tables = [gpu, launches, ranges, host];
  const shift = tables.reduce(
    (first, t) => (t.count > 0 ? Math.min(first, t.start[0]) : first),
    Infinity,
  );
  // A recording of metrics alone has no events: then it is as long as they are.
  const alone = Number.isFinite(shift) ? undefined : counters.tracks.reach();
  // A start with a fraction is none of Nsight Systems', and the origin is whole ns.
  const origin = Math.floor(alone?.first ?? (Number.isFinite(shift) ? shift : 0));
  let spanNs = alone === undefined ? 0 : alone.last - origin;
  for (const { count, start, duration } of tables) {
    for (let i = 0; i < count; i++) {
      start[i] -= origin;
      spanNs = Math.max(spanNs, start[i] + duration[i]);
    }
  }
  const fileBaseNs = recording.fileBase ?? 0n;
  const stackTable = stacks.build();
  return {
    files: [{ path: source.path, name: source.name, bytes: source.size }],
    format: 'nsys',
    formatLabel: recording.label,
    clock: {
      originNs: fileBaseNs + rows.base + BigInt(origin),
      epoch: recording.fileBase === undefined ? 'session' : 'unix',
      fileBaseNs,
    },
    spanNs,
    names,
    ranks,
    lanes,
    gpu,
    ...(collectives !== undefined && { collectives }),
    launches,
    ranges,
    host,
    kernelShapes: work.kernelShapes,
    stacks: stackTable,
    counters: counters.build(origin, lanes),
    markers: [],
    report: {
      rowsInFile: rows.inFile,
      rowsRead: tables.reduce((sum, { count }) => sum + count, 0),
      rowsCounted: null,
      ...counters.tracks.report(),
      skipped: [...rows.skips.list(), ...rows.unread.list()].sort((a, b) => b.rows - a.rows),
      warnings: [
        ...found,
        ...rows.warnings,
        ...strings.warnings,
        ...rows.skips.warnings(),
        ...counters.warnings,
        ...trimmedWarnings(recording),
        ...profilerWarnings(engine, schema),
        ...graphWarnings(work, link.graphLaunchesWithout, recording),
        ...launchWarnings(gpu, link.without),
        ...calls.warnings,
        ...nvtx.warnings,
        ...nestedCallWarnings(launches),
        ...sharedDeviceWarnings(places),
      ],
      missing: [
        ...(gpu.count === 0 ? ['GPU events'] : []),
        ...(launches.count === 0 ? ['launches'] : []),
        ...(stackTable.stacks.length === 0 ? ['launch stacks'] : []),
        ...(ranges.count === 0 ? ['NVTX ranges'] : []),
        ...(nvtx.operators === 0 ? ['operators'] : []),
        ...(rows.count('COMPOSITE_EVENTS') === 0 ? ['CPU samples'] : []),
      ],
      facts: recording.facts,
    },
  };
}

/** A time near all others: the middle one of the first rows of the first table that has any. */
function middleTime(engine: SqlEngine, schema: NsysSchema): bigint {
  const tables = [
    ['CUPTI_ACTIVITY_KIND_KERNEL', 'start'],
    ['CUPTI_ACTIVITY_KIND_RUNTIME', 'start'],
    ['NVTX_EVENTS', 'start'],
    ['OSRT_API', 'start'],
    ['PROFILER_OVERHEAD', 'start'],
    ['SCHED_EVENTS', 'start'],
    ['GPU_METRICS', 'timestamp'],
    ['NET_NIC_METRIC', 'start'],
  ] as const;
  for (const [table, column] of tables.filter(([name, time]) => schema.has(name, time))) {
    const sample: bigint[] = [];
    try {
      engine.each(`SELECT "${column}" FROM ${table} NOT INDEXED LIMIT 501`, ([start]) => {
        if (typeof start === 'bigint' || Number.isSafeInteger(start)) {
          sample.push(BigInt(start as bigint | number));
        }
      });
    } catch (error) {
      if (!(error instanceof SqlError)) {
        throw error;
      }
      // Whether any row of a damaged table can be read is found when they are read.
    }
    if (sample.length > 0) {
      return sample.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[sample.length >> 1];
    }
  }
  return 0n;
}

/** Writes the launch of each GPU event and whether it was replayed from a graph. */
function linkGpuWork(
  work: NsysGpuWork,
  calls: NsysApiCalls,
): { without: number; graphLaunchesWithout: number } {
  const { builder } = work;
  let without = 0;
  const launchOf = new Int32Array(builder.count);
  for (let row = 0; row < builder.count; row++) {
    const call = calls.find(work.process[row], builder.correlation.get(row));
    launchOf[row] = call;
    if (call < 0) {
      without++;
    } else {
      builder.launch.set(row, calls.position(call));
      if (calls.isGraphLaunch(call)) {
        builder.replayed.set(row, 1);
      }
    }
  }
  return {
    without,
    graphLaunchesWithout: calls.graphLaunchesWithout(builder, (row) => launchOf[row]),
  };
}

/** The call that made the node of each GPU event, where the file tells it for any. */
function capturedCalls(
  work: NsysGpuWork,
  nodes: CapturedNodes,
  launches: LaunchColumns,
  names: NameTable,
): Pick<GpuColumns, 'captured'> {
  if (nodes.count === 0) {
    return {};
  }
  const calls = work.nodes.map(({ process, node }) => nodes.callOf(process, node, launches, names));
  const captured = Int32Array.from(work.builder.order(), (row) => {
    const node = work.nodeOf.get(row);
    return node < 0 ? -1 : calls[node];
  });
  return captured.some((call) => call >= 0) ? { captured } : {};
}

interface Timed {
  readonly count: number;
  readonly start: Float64Array;
  readonly duration: Float64Array;
}

function lastEnd(tables: readonly Timed[], ofRanges: number): number {
  let last = ofRanges;
  for (const { count, start, duration } of tables) {
    for (let i = 0; i < count; i++) {
      last = Math.max(last, start[i] + duration[i]);
    }
  }
  return last;
}

/** When the recording ended, ns from the base: as stated, and no earlier than its last event. */
function stopOf(recording: Recording, base: bigint, last: number): number {
  const stated = recording.window?.to ?? recording.stop;
  return stated === undefined ? last : Math.max(last, Number(stated - base));
}

function trimmedWarnings({ trimmed, window }: Recording): Warning[] {
  if (!trimmed) {
    return [];
  }
  const seconds = (ns: bigint): string => (Number(ns) / 1e9).toFixed(3);
  const where =
    window === undefined
      ? ''
      : ` to the window from ${seconds(window.from)} s to ${seconds(window.to)} s of the session`;
  return [
    {
      code: 'trimmed-window',
      message: `A tool cut this file${where}: calls and ranges outside it are gone, so work that was launched before it has no launch.`,
      rows: 0,
    },
  ];
}

function graphWarnings(work: NsysGpuWork, hidden: number, recording: Recording): Warning[] {
  const advice =
    'Record with --cuda-graph-trace=node to see the kernels (it costs the recorded program time).';
  const warnings: Warning[] = [];
  if (work.graphs > 0) {
    const ms = (work.graphNs / 1e6).toFixed(3);
    warnings.push({
      code: 'graph-mode',
      message: `${work.graphs} replays of CUDA graphs (${ms} ms of GPU time) were recorded as one event each: the kernels inside them are not in this file. ${advice}`,
      rows: work.graphs,
    });
  }
  if (hidden > 0) {
    const mode =
      recording.graphMode === '' ? '' : ` (graphs were recorded as: ${recording.graphMode})`;
    warnings.push({
      code: 'hidden-graphs',
      message: `${hidden} launches of CUDA graphs have no GPU event in this file${mode}: the GPU did more than is shown. ${advice}`,
      rows: hidden,
    });
  }
  return warnings;
}

function launchWarnings(gpu: GpuColumns, without: number): Warning[] {
  return without === 0
    ? []
    : [
        {
          code: 'no-launch',
          message: `${without} of ${gpu.count} GPU events have no launch in the trace: what ran them is unknown.`,
          rows: without,
        },
      ];
}

function sharedDeviceWarnings(places: NsysPlaces): Warning[] {
  const shared = places.sharedDevices();
  return shared.length === 0
    ? []
    : [
        {
          code: 'shared-device',
          message: `Several processes ran work on GPU ${shared.join(', ')}: the duty cycle is counted for each process, and is the GPU's only where their work does not overlap.`,
          rows: 0,
        },
      ];
}
