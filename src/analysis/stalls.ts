import {
  GrowingColumn,
  LAYER_TYPES,
  NO_STEP,
  PHASES,
  UNCLASSIFIED,
  inOrder,
  layerTypeCode,
  layerTypeOf,
  measuredColumns,
  percentileOfSorted,
} from '../trace/index.js';
import type { LayerLabels, Trace } from '../trace/index.js';
import { hasSource } from './callDetails.js';
import { exactSum } from './exactSum.js';
import { groupDurations } from './groupedDurations.js';
import { phaseOf } from './grouping.js';
import { laneNames, rankName } from './laneNames.js';
import { populationOf } from './population.js';
import type { Stall, StallColumns, StallList, TimeWindow } from './results.js';
import { rowsIn } from './search.js';
import type { RowSpan } from './search.js';

/**
 * A call is a stall beyond this many times what is typical for it. At 5 the usual spread of
 * shapes within a layer type stays below (Mamba and attention of the article's trace reach 3x and 4x
 * their medians) and a waiting exchange stands out (69x).
 */
export const DEFAULT_STALL_FACTOR = 5;
export const DEFAULT_STALL_LIMIT = 200;
/** ns. Less is lost to timer resolution and scheduling; nobody's tail is made of it. */
export const LEAST_LOST_NS = 20_000;

export interface StallRequest {
  /** times the median, greater than 1 */
  readonly factor?: number | undefined;
  /** stalls listed; all are counted */
  readonly limit?: number | undefined;
  readonly window?: TimeWindow | undefined;
  /** key of LAYER_TYPES: only its stalls */
  readonly layerType?: string | undefined;
}

/**
 * Calls far above their own layer type's normal, the most time lost first. A call is a stall where it
 * took more than `factor` times the larger of two medians: that of its layer type, and that of its own
 * kernel within the layer type and phase. An unclassified call is measured by its kernel alone. The
 * medians are of the whole trace, so that a window around a stall does not make the stall normal.
 *
 * @throws RangeError for a factor of 1 or less, a negative limit, an unknown layer type or a bad window
 */
export function findStalls(
  trace: Trace,
  labels: LayerLabels,
  request: StallRequest = {},
): StallList {
  const { factor = DEFAULT_STALL_FACTOR, limit = DEFAULT_STALL_LIMIT, window } = request;
  if (!(limit >= 0)) {
    throw new RangeError(`a limit of stalls must not be negative, not ${limit}`);
  }
  const { calls, lost, typicalOf } = rankedStalls(trace, labels, { ...request, factor });
  const lanes = laneNames(trace);
  return {
    factor,
    found: calls.length,
    lost_ns: exactSum(lost),
    population: populationOf(trace, labels, window),
    stalls: Array.from(calls.subarray(0, limit), (call) =>
      stallOf(trace, labels, lanes, call, typicalOf(call)),
    ),
  };
}

/** Every stall of a trace in columns: of many, the objects of a list would take more room than the trace. */
export function stallColumns(trace: Trace, labels: LayerLabels): StallColumns {
  const { calls, lost, typicalOf } = rankedStalls(trace, labels, { factor: DEFAULT_STALL_FACTOR });
  return {
    call: calls,
    typical_ns: Float64Array.from(calls, typicalOf),
    lost_ns: lost,
    has_source: Uint8Array.from(calls, (call) => (hasSource(trace, labels, call) ? 1 : 0)),
  };
}

/** Calls that are stalls, the most time lost first; `lost` in ns, beside them. */
function rankedStalls(
  trace: Trace,
  labels: LayerLabels,
  request: StallRequest & { readonly factor: number },
): {
  readonly calls: Uint32Array;
  readonly lost: Float64Array;
  readonly typicalOf: (call: number) => number;
} {
  const { factor, layerType, window } = request;
  if (!(factor > 1)) {
    throw new RangeError(`a stall factor must be greater than 1, not ${factor}`);
  }
  const only = layerType === undefined ? -1 : layerTypeCode(layerType);
  const columns = measuredColumns(trace);
  const typicalOf = typicalDurations(trace, labels);
  const rows = rowsIn(columns, window);
  const found = new GrowingColumn(Uint32Array);
  const lost = new GrowingColumn(Float64Array);
  for (let call = rows.from; call < rows.to; call++) {
    if (only >= 0 && labels.type[call] !== only) {
      continue;
    }
    const typical = typicalOf(call);
    const over = columns.duration[call] - typical;
    if (columns.duration[call] > factor * typical && over >= LEAST_LOST_NS) {
      found.push(call);
      lost.push(over);
    }
  }
  // Calls were found in ascending order, which is that of their rows here.
  const ranked = inOrder(found.length);
  ranked.sort((a, b) => lost.get(b) - lost.get(a) || a - b);
  return { calls: found.ordered(ranked), lost: lost.ordered(ranked), typicalOf };
}

const known = new WeakMap<LayerLabels, (call: number) => number>();

/**
 * What each call is measured against, ns: see `findStalls`.
 *
 * A layer type is made of unlike kernels: on a recorded Jamba the median of "MoE experts" is an
 * element-wise kernel of 1.5 µs beside GEMMs of 350 µs, and against it alone every GEMM would be a
 * stall. So a call must also be far above its own kernel, in its own phase, since a prefill kernel has
 * more to do than the same one in decode. The launch grid is left out on purpose: an expert that gets
 * most tokens has a larger grid, and that is a stall worth seeing.
 */
function typicalDurations(trace: Trace, labels: LayerLabels): (call: number) => number {
  const before = known.get(labels);
  if (before !== undefined) {
    return before;
  }
  const columns = measuredColumns(trace);
  const all = { from: 0, to: columns.count };
  const ofType = medians(columns.duration, all, LAYER_TYPES.length, (call) => labels.type[call]);
  // Unclassified calls have only their lack of a label in common.
  ofType[UNCLASSIFIED] = 0;
  const { codeOf, codeCount } = kernelCodes(trace, labels);
  const ofKernel = medians(columns.duration, all, codeCount, codeOf);
  const typicalOf = (call: number): number =>
    Math.max(ofType[labels.type[call]], ofKernel[codeOf(call)]);
  known.set(labels, typicalOf);
  return typicalOf;
}

/** Combinations that a table of all of them is made for. */
const MOST_COMBINATIONS = 2 ** 18;

/** A number for each combination of layer type, kernel and phase. */
function kernelCodes(
  trace: Trace,
  { type, step, steps }: LayerLabels,
): { readonly codeOf: (call: number) => number; readonly codeCount: number } {
  const { name, count } = measuredColumns(trace);
  const unknown = PHASES.indexOf('unknown');
  const phases = steps.map(({ phase }) => PHASES.indexOf(phase));
  const combination = (call: number): number =>
    (type[call] * trace.names.size + name[call]) * PHASES.length +
    (step[call] === NO_STEP ? unknown : phases[step[call]]);
  const combinations = LAYER_TYPES.length * trace.names.size * PHASES.length;
  if (combinations <= MOST_COMBINATIONS) {
    return { codeOf: combination, codeCount: combinations };
  }
  const codes = new Map<number, number>();
  const ofCall = new Uint32Array(count);
  for (let call = 0; call < count; call++) {
    const key = combination(call);
    let code = codes.get(key);
    if (code === undefined) {
      code = codes.size;
      codes.set(key, code);
    }
    ofCall[call] = code;
  }
  return { codeOf: (call) => ofCall[call], codeCount: codes.size };
}

/** Median duration by code, ns; 0 for a code without calls. */
function medians(
  duration: Float64Array,
  rows: RowSpan,
  codeCount: number,
  codeOf: (call: number) => number,
): Float64Array {
  const grouped = groupDurations(duration, rows, codeCount, codeOf);
  const result = new Float64Array(codeCount);
  for (const code of grouped.codes) {
    result[code] = percentileOfSorted(grouped.sorted(code), 0.5);
  }
  grouped.discard();
  return result;
}

function stallOf(
  trace: Trace,
  labels: LayerLabels,
  lanes: readonly string[],
  call: number,
  typical: number,
): Stall {
  const columns = measuredColumns(trace);
  const type = layerTypeOf(labels.type[call]);
  const step = labels.step[call];
  const lane = columns.lane[call];
  const duration = columns.duration[call];
  return {
    call,
    start_ns: columns.start[call],
    duration_ns: duration,
    name: trace.names.get(columns.name[call]),
    layer_type: type.key,
    layer_label: type.label,
    layer_index: labels.index[call],
    module: trace.names.get(labels.module[call]),
    step: step === NO_STEP ? '' : labels.steps[step].label,
    phase: phaseOf(labels, call),
    rank: rankName(trace.ranks[trace.lanes[lane].rank]),
    lane: lanes[lane],
    typical_ns: typical,
    times_typical: duration / typical,
    lost_ns: duration - typical,
    has_source: hasSource(trace, labels, call),
  };
}
