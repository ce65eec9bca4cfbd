import {
  FRAME,
  GPU_KINDS,
  KERNEL,
  METHODS,
  MODULE,
  NO_LAYER,
  NO_STEP,
  OP,
  DANGLING_STACK,
  layerTypeOf,
  measuredColumns,
  timeKindOf,
} from '../trace/index.js';
import type { Frame, LayerLabels, Trace } from '../trace/index.js';
import { formatBytes, formatDuration } from './format.js';
import { deviceName, rankName } from './laneNames.js';
import { layerKinds } from './layerKinds.js';
import { moduleName, pythonFrame } from '../trace/index.js';
import type { CallDetails } from './results.js';

/** The API call that launched a measured call (itself where API calls are what is measured); -1 = none. */
export function launchOf(trace: Trace, call: number): number {
  return timeKindOf(trace) === 'gpu' ? trace.gpu.launch[call] : call;
}

/**
 * The API call around which lies what a measured call belongs to: the one that launched it, of what was
 * replayed from a graph the one that was captured, where the trace knows it; -1 = none.
 */
export function originOf(trace: Trace, call: number): number {
  const captured = timeKindOf(trace) === 'gpu' ? (trace.gpu.captured?.[call] ?? -1) : -1;
  return captured >= 0 ? captured : launchOf(trace, call);
}

/**
 * Ranges around the launch of a call (of what was replayed: around its capture, where that is known),
 * innermost first, by number in `trace.ranges`.
 */
export function* rangesAround(trace: Trace, call: number): Generator<number> {
  const launch = originOf(trace, call);
  let range = launch < 0 ? -1 : trace.launches.range[launch];
  while (range >= 0) {
    yield range;
    range = trace.ranges.parent[range];
  }
}

/** Index in `trace.stacks` of the stack recorded for a call; negative as in `LaunchColumns.stack`. */
export function recordedStack(trace: Trace, call: number): number {
  if (timeKindOf(trace) === 'gpu' && trace.gpu.stack[call] >= 0) {
    return trace.gpu.stack[call];
  }
  const launch = originOf(trace, call);
  return launch < 0 ? -1 : trace.launches.stack[launch];
}

/**
 * The call stack that led to a call, innermost first: the one recorded with it or with its launch, else
 * the Python frames that were open on the launching thread. Empty where the trace has neither.
 */
export function stackOf(trace: Trace, call: number): readonly Frame[] {
  const recorded = recordedStack(trace, call);
  if (recorded >= 0) {
    const { frames, stacks } = trace.stacks;
    return Array.from(stacks[recorded], (frame) => frames[frame]);
  }
  const frames: Frame[] = [];
  for (const range of rangesAround(trace, call)) {
    if (trace.ranges.kind[range] === FRAME) {
      frames.push(pythonFrame(trace.names.get(trace.ranges.name[range])));
    }
  }
  return frames;
}

/** Modules whose `forward` the launch of a call was in, outermost first ("NemotronHModel_0", …). */
export function modulesOf(trace: Trace, call: number): readonly string[] {
  const modules: string[] = [];
  for (const range of rangesAround(trace, call)) {
    if (trace.ranges.kind[range] === MODULE) {
      modules.push(moduleName(trace.names.get(trace.ranges.name[range])));
    }
  }
  return modules.reverse();
}

/** Whether a stack or a module can lead from a call to code. */
export function hasSource(trace: Trace, labels: LayerLabels, call: number): boolean {
  if (labels.module[call] !== 0) {
    return true;
  }
  const recorded = recordedStack(trace, call);
  if (recorded >= 0 && trace.stacks.stacks[recorded].length > 0) {
    return true;
  }
  for (const range of rangesAround(trace, call)) {
    const kind = trace.ranges.kind[range];
    if (kind === FRAME || kind === MODULE) {
      return true;
    }
  }
  return false;
}

/**
 * Everything the trace says about one call.
 *
 * @param call index in `measuredColumns(trace)`
 * @throws RangeError for a call the trace does not have
 */
export function callDetails(trace: Trace, labels: LayerLabels, call: number): CallDetails {
  const columns = measuredColumns(trace);
  if (!Number.isInteger(call) || call < 0 || call >= columns.count) {
    throw new RangeError(`call ${call} is outside the ${columns.count} calls of this trace`);
  }
  const type = layerTypeOf(labels.type[call]);
  return {
    call,
    facts: factsOf(trace, labels, call),
    name: trace.names.get(columns.name[call]),
    start_ns: columns.start[call],
    duration_ns: columns.duration[call],
    layer_type: type.key,
    layer_label: type.label,
    layer_index: labels.index[call],
    module: trace.names.get(labels.module[call]),
    method: METHODS[labels.method[call]],
    rule: labels.rules[labels.rule[call]] ?? '',
    stack: stackOf(trace, call),
    modules: modulesOf(trace, call),
  };
}

type Fact = CallDetails['facts'][number];

function factsOf(trace: Trace, labels: LayerLabels, call: number): Fact[] {
  const columns = measuredColumns(trace);
  const lane = trace.lanes[columns.lane[call]];
  const facts: Fact[] = [
    { name: 'Start', value: `${formatDuration(columns.start[call])} from the trace's start` },
    { name: 'Duration', value: formatDuration(columns.duration[call]) },
  ];
  const add = (name: string, value: string): void => {
    facts.push({ name, value });
  };
  if (labels.index[call] !== NO_LAYER) {
    const kind = layerKinds(labels).get(labels.index[call]) ?? '';
    add('Layer', kind === '' ? `${labels.index[call]}` : `${labels.index[call]} (${kind})`);
  }
  if (labels.step[call] !== NO_STEP) {
    add('Step', labels.steps[labels.step[call]].label);
  }
  if (trace.ranks.length > 1) {
    add('Rank', rankName(trace.ranks[lane.rank]));
  }
  if (timeKindOf(trace) === 'gpu') {
    add('Device', deviceName(trace, lane));
    add('Stream', lane.id);
    addGpuFacts(trace, call, add);
  } else {
    add('Measured', 'time inside the API call on the host, not time on the GPU');
    add('Thread', lane.label);
    const correlation = trace.launches.correlation?.[call] ?? NaN;
    if (Number.isFinite(correlation)) {
      add('Correlation', String(correlation));
    }
  }
  for (const range of rangesAround(trace, call)) {
    if (trace.ranges.kind[range] === OP) {
      add('Operator', trace.names.get(trace.ranges.name[range]));
      break;
    }
  }
  if (recordedStack(trace, call) === DANGLING_STACK) {
    add('Stack', 'the file refers to a stack that it does not hold');
  }
  return facts;
}

function addGpuFacts(trace: Trace, call: number, add: (name: string, value: string) => void): void {
  const { gpu, launches } = trace;
  if (gpu.kind[call] !== KERNEL) {
    add('Kind', GPU_KINDS[gpu.kind[call]]);
  }
  const shape = gpu.shape[call] < 0 ? undefined : trace.kernelShapes[gpu.shape[call]];
  if (shape !== undefined) {
    add('Grid x block', `${shape.grid.join(' x ')} blocks of ${shape.block.join(' x ')} threads`);
  }
  if (gpu.collective[call] !== 0) {
    add('Collective', trace.names.get(gpu.collective[call]));
  }
  const bytes = gpu.bytes[call];
  if (!Number.isNaN(bytes)) {
    const message = gpu.kind[call] === KERNEL; // of a collective, whose time is waiting as well
    add(message ? 'Message' : 'Bytes', formatBytes(bytes));
    if (gpu.duration[call] > 0 && !message) {
      // bytes a nanosecond are gigabytes a second
      add('Throughput', `${(bytes / gpu.duration[call]).toFixed(2)} GB/s`);
    }
  }
  if (!Number.isNaN(gpu.correlation[call])) {
    add('Correlation', String(gpu.correlation[call]));
  }
  const launch = gpu.launch[call];
  if (launch < 0) {
    add('Launch', 'no launch in trace');
    return;
  }
  const replayed = gpu.replayed[call] === 1;
  const api = trace.names.get(launches.name[launch]);
  add('Launch', replayed ? `replayed from a graph by ${api}` : api);
  const captured = gpu.captured?.[call] ?? -1;
  if (captured >= 0) {
    add('Captured as', trace.names.get(launches.name[captured]));
  }
  add('Launched by', trace.lanes[launches.lane[launch]].label);
  const delay = gpu.start[call] - (launches.start[launch] + launches.duration[launch]);
  // A kernel may start before its launch call returns: then nothing waited in the queue.
  add(
    replayed ? 'Start after graph launch' : 'Queue delay',
    delay >= 0
      ? formatDuration(delay)
      : `none: started ${formatDuration(-delay)} before the call returned`,
  );
}
