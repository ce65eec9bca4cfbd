import { KERNEL, GPU_KINDS } from '../trace/index.js';
import type { Trace } from '../trace/index.js';
import { checkWindow } from './search.js';
import type { TimeWindow } from './results.js';

/**
 * `nvidia-smi` counts the time in which one or more kernels execute; copies and memsets do not count
 * (NVML, `nvmlUtilization_t.gpu`). A replayed graph recorded as one event is kernels running.
 */
const GRAPH = GPU_KINDS.indexOf('graph');

/** Stretches of time in which at least one kernel of a device ran; they never overlap within a device. */
function eachBusyStretch(
  trace: Trace,
  visit: (device: number, startNs: number, endNs: number) => void,
): number {
  const { gpu, lanes } = trace;
  const devices = new Map<string, number>();
  const deviceOfLane = lanes.map((lane) => {
    if (lane.kind !== 'stream') {
      return -1;
    }
    // Ranks may sit on different hosts: device 0 of each is another device.
    const name = `${lane.rank}:${lane.device}`;
    const device = devices.get(name) ?? devices.size;
    devices.set(name, device);
    return device;
  });
  const coveredTo = new Float64Array(devices.size).fill(-Infinity);
  for (let i = 0; i < gpu.count; i++) {
    const device = deviceOfLane[gpu.lane[i]];
    if ((gpu.kind[i] !== KERNEL && gpu.kind[i] !== GRAPH) || device < 0) {
      continue;
    }
    const start = Math.max(gpu.start[i], coveredTo[device]);
    const end = gpu.start[i] + gpu.duration[i];
    if (end > start) {
      visit(device, start, end);
      coveredTo[device] = end;
    }
  }
  return devices.size;
}

/**
 * Share of a window (of the trace's span without one) in which at least one kernel ran, the mean over
 * devices.
 *
 * @returns 0 to 1; null where the trace has no GPU events or the window has no length
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
  const devices = eachBusyStretch(trace, (_device, start, end) => {
    busy += Math.max(0, Math.min(end, to) - Math.max(start, from));
  });
  return devices === 0 ? null : busy / (devices * (to - from));
}

/** Most samples a series has: an hour and more at one a second; a longer trace is sampled at whole seconds, fewer. */
const MOST_SAMPLES = 5000;
const SECOND = 1e9;

/** Duty cycle over time. */
export interface DutyCycleSeries {
  /** 0 to 1, the mean over devices */
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
  const devices = eachBusyStretch(trace, (_device, start, end) => {
    const last = Math.min(count - 1, Math.floor(end / sampleNs));
    for (let i = Math.min(count - 1, Math.floor(start / sampleNs)); i <= last; i++) {
      const sampleEnd = i === count - 1 ? span : (i + 1) * sampleNs;
      busy[i] += Math.max(0, Math.min(end, sampleEnd) - Math.max(start, i * sampleNs));
    }
  });
  const samples = Array.from(busy, (ns, i) => {
    const length = i === count - 1 ? span - i * sampleNs : sampleNs;
    return devices === 0 ? 0 : ns / (devices * length);
  });
  return { samples, sampleNs };
}
