import { timeKindOf, type Trace } from '../trace/index.js';

/** Where the evidence for each measured call lies. */
export interface CallEvidence {
  /** number of measured calls */
  readonly count: number;
  /**
   * index in `Trace.launches` of the API call that started it (for host calls: itself; for what was
   * replayed from a graph: the call that was captured, where the trace knows it), -1 = none
   */
  launchOf(call: number): number;
  /**
   * whether it was replayed from a graph and only the graph's launch is known, which stands for many
   * kernels of many layers
   */
  isReplayed(call: number): boolean;
  /** index in `Trace.stacks` of the stack recorded with the call or its launch; negative = none */
  readonly stack: Int32Array | Int16Array;
}

/** Index in `Trace.launches` of the API call that started a measured call (a host call itself), -1 = none. */
export function launchOfCalls(trace: Trace): (call: number) => number {
  const { launch } = trace.gpu;
  // A column of forty million calls that start themselves would cost more than their durations.
  return timeKindOf(trace) === 'gpu' ? (call) => launch[call] : (call) => call;
}

/** The launches behind `measuredColumns(trace)`. */
export function callEvidence(trace: Trace): CallEvidence {
  const { gpu, launches } = trace;
  if (timeKindOf(trace) !== 'gpu') {
    return {
      count: launches.count,
      launchOf: launchOfCalls(trace),
      isReplayed: () => false,
      stack: launches.stack,
    };
  }
  const { captured, launch, replayed } = gpu;
  const capture = (call: number): number => captured?.[call] ?? -1;
  const launchOf = (call: number): number => {
    const caught = capture(call);
    return caught >= 0 ? caught : launch[call];
  };
  return {
    count: gpu.count,
    launchOf,
    isReplayed: (call) => replayed[call] === 1 && capture(call) < 0,
    stack: gpu.stack.map((own, call) => {
      const from = launchOf(call);
      return own < 0 && from >= 0 ? launches.stack[from] : own;
    }),
  };
}
