import { measuredColumns, rangeOfCall, timeKindOf, type Trace } from '../trace/index.js';

/** Where the evidence for each measured call lies. */
export interface CallEvidence {
  /** number of measured calls */
  readonly count: number;
  /** index in `Trace.launches` of the API call that started it (for host calls: itself), -1 = none */
  readonly launch: Int32Array;
  /** innermost range (index in `Trace.ranges`) that the call ran for, -1 = none; see `rangeOfCall` */
  readonly range: Int32Array;
  /**
   * 1 where the call was replayed from a graph and nothing says what put it there: its launch stands
   * for many kernels of many layers
   */
  readonly replayed: Uint8Array;
  /** index in `Trace.stacks` of the stack recorded with the call or its launch; negative = none */
  readonly stack: Int32Array;
}

/** The launches behind `measuredColumns(trace)`. */
export function callEvidence(trace: Trace): CallEvidence {
  const range = Int32Array.from({ length: measuredColumns(trace).count }, (_, call) =>
    rangeOfCall(trace, call),
  );
  if (timeKindOf(trace) === 'gpu') {
    const { count, launch, replayed, captured, stack } = trace.gpu;
    return {
      count,
      launch,
      range,
      replayed:
        captured === undefined
          ? replayed
          : replayed.map((isReplayed, i) => (captured[i] >= 0 ? 0 : isReplayed)),
      stack: stack.map((own, i) =>
        own < 0 && launch[i] >= 0 ? trace.launches.stack[launch[i]] : own,
      ),
    };
  }
  const count = trace.launches.count;
  return {
    count,
    launch: Int32Array.from({ length: count }, (_, i) => i),
    range,
    replayed: new Uint8Array(count),
    stack: trace.launches.stack,
  };
}
