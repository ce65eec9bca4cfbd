import { inOrder, timeKindOf, type Trace } from '../trace/index.js';

/** Where the evidence for each measured call lies. */
export interface CallEvidence {
  /** number of measured calls */
  readonly count: number;
  /**
   * index in `Trace.launches` of the API call that started it (for host calls: itself; for what was
   * replayed from a graph: the call that was captured, where the trace knows it), -1 = none
   */
  readonly launch: Int32Array;
  /**
   * 1 where the call was replayed from a graph and only the graph's launch is known, which stands for many
   * kernels of many layers
   */
  readonly replayed: Uint8Array;
  /** index in `Trace.stacks` of the stack recorded with the call or its launch; negative = none */
  readonly stack: Int32Array | Int16Array;
}

/** Index in `Trace.launches` of the API call that started each measured call (a host call itself), -1 = none. */
export function launchesOfCalls(trace: Trace): Int32Array {
  return timeKindOf(trace) === 'gpu'
    ? trace.gpu.launch
    : new Int32Array(inOrder(trace.launches.count).buffer);
}

/** The launches behind `measuredColumns(trace)`. */
export function callEvidence(trace: Trace): CallEvidence {
  if (timeKindOf(trace) === 'gpu') {
    const { count, captured, stack } = trace.gpu;
    const capture = (i: number): number => captured?.[i] ?? -1;
    const launch = trace.gpu.launch.map((own, i) => (capture(i) >= 0 ? capture(i) : own));
    return {
      count,
      launch,
      replayed: trace.gpu.replayed.map((own, i) => (capture(i) >= 0 ? 0 : own)),
      stack: stack.map((own, i) =>
        own < 0 && launch[i] >= 0 ? trace.launches.stack[launch[i]] : own,
      ),
    };
  }
  const count = trace.launches.count;
  return {
    count,
    launch: launchesOfCalls(trace),
    replayed: new Uint8Array(count),
    stack: trace.launches.stack,
  };
}
