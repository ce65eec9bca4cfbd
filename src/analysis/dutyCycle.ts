import { KERNEL, GPU_KINDS, recordedInWindow } from '../trace/index.js';
import type { Rank, Trace } from '../trace/index.js';
import { checkWindow } from './search.js';
import type { TimeWindow } from './results.js';

/**
 * `nvidia-smi` counts the time in which one or more kernels execute; copies and memsets do not count
 * (NVML, `nvmlUtilization_t.gpu`). A replayed graph recorded as one event is kernels running.
 */
const GRAPH = GPU_KINDS.indexOf('graph');

/**
 * Stretches of time in which at least one kernel of a device ran; they never overlap within a device.
 * @returns the rank of each device
 */
function eachBusyStretch(
  trace: Trace,
  visit: (startNs: number, endNs: number) => void,
): readonly Rank[] {
  const { gpu, lanes } = trace;
  const devices = new Map<string, number>();
  const ranks: Rank[] = [];
  const deviceOfLane = lanes.map((lane) => {
    if (lane.kind !== 'stream') {
      return -1;
    }
    // Ranks may sit on different hosts: device 0 of each is another device.
    const name = `${lane.rank}:${lane.device}`;
    const device = devices.get(name) ?? ranks.push(trace.ranks[lane.rank]) - 1;
    devices.set(name, device);
    return device;
  });
  const coveredTo = new Float64Array(ranks.length).fill(-Infinity);
  for (let i = 0; i < gpu.count; i++) {
    const device = deviceOfLane[gpu.lane[i]];
    if ((gpu.kind[i] !== KERNEL && gpu.kind[i] !== GRAPH) || device < 0) {
      continue;
    }
    const start = Math.max(gpu.start[i], coveredTo[device]);
    const end = gpu.start[i] + gpu.duration[i];
    if (end > start) {
      visit(start, end);
      coveredTo[device] = end;
    }
  }
  return ranks;
}

/** ns of a window in which devices were recorded, summed over them. */
function recordedOf(devices: readonly Rank[], window: TimeWindow): number {
  return devices.reduce((sum, rank) => sum + recordedInWindow(rank, window), 0);
}

/**
 * Share of a window (of the trace's span without one) in which at least one kernel ran, the mean over
 * devices. Of a run that was recorded several times, the time in which each device was recorded counts.
 *
 * @returns 0 to 1; null where the trace has no GPU events or nothing was recorded in the window
 */
export function dutyCycle(trace: Trace, window?: TimeWindow): number | null {
  if (window !== undefined) {
    checkWindow(window);
  }
  const from = window?.startNs ?? 0;
  const to = window?.endNs ?? trace.spanNs;
  if (trace.gpu.count === 0 || !(to > from)) {
    return null;
  }
  let busy = 0;
  const devices = eachBusyStretch(trace, (start, end) => {
    busy += Math.max(0, Math.min(end, to) - Math.max(start, from));
  });
  const recorded = recordedOf(devices, { startNs: from, endNs: to });
  return recorded === 0 ? null : busy / recorded;
}

/** Most samples a series has: an hour and more at one a second; a longer trace is sampled at whole seconds, fewer. */
const MOST_SAMPLES = 5000;
const SECOND = 1e9;

/** Duty cycle over time. */
export interface DutyCycleSeries {
  /** 0 to 1, the mean over devices; those in which nothing was recorded are left out */
  readonly samples: readonly number[];
  /** length of a sample, ns; the last one takes the remainder of the span and is 0.5 to 1.5 times as long */
  readonly sampleNs: number;
}

/** The duty cycle of each second, as a dashboard polls it; of one sample where the trace is shorter. */
export function dutyCycleSeries(trace: Trace): DutyCycleSeries {
  const span = trace.spanNs;
  const sampleNs = SECOND * Math.max(1, Math.ceil(span / SECOND / MOST_SAMPLES));
  if (trace.gpu.count === 0 || !(span > 0)) {
    return { samples: [], sampleNs };
  }
  const count = Math.max(1, Math.round(span / sampleNs));
  const busy = new Float64Array(count);
  const endOf = (sample: number): number => (sample === count - 1 ? span : (sample + 1) * sampleNs);
  const devices = eachBusyStretch(trace, (start, end) => {
    const last = Math.min(count - 1, Math.floor(end / sampleNs));
    for (let i = Math.min(count - 1, Math.floor(start / sampleNs)); i <= last; i++) {
      busy[i] += Math.max(0, Math.min(end, endOf(i)) - Math.max(start, i * sampleNs));
    }
  });
  const samples = Array.from(busy).flatMap((ns, i) => {
    const recorded = recordedOf(devices, { startNs: i * sampleNs, endNs: endOf(i) });
    return recorded === 0 ? (devices.length === 0 ? 0 : []) : ns / recorded;
  });
  return { samples, sampleNs };
}
