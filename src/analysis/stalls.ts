import {
  LAYER_TYPES,
  NO_STEP,
  UNCLASSIFIED,
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
import type { Stall, StallList, TimeWindow } from './results.js';
import { rowsIn } from './search.js';

/**
 * A call is a stall beyond this many times its own layer type's median. At 5 the usual spread of
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
 * Calls far above their own layer type's normal, the most time lost first. What is normal is the
 * median over the whole trace, so that a window around a stall does not make the stall normal. An
 * unclassified call is measured against its own kernel's median: others share nothing with it.
 *
 * @throws RangeError for a factor of 1 or less, a negative limit, an unknown layer type or a bad window
 */
export function findStalls(
  trace: Trace,
  labels: LayerLabels,
  request: StallRequest = {},
): StallList {
  const { factor = DEFAULT_STALL_FACTOR, limit = DEFAULT_STALL_LIMIT, window } = request;
  if (!(factor > 1)) {
    throw new RangeError(`a stall factor must be greater than 1, not ${factor}`);
  }
  if (!(limit >= 0)) {
    throw new RangeError(`a limit of stalls must not be negative, not ${limit}`);
  }
  const only = request.layerType === undefined ? -1 : layerTypeCode(request.layerType);
  const columns = measuredColumns(trace);
  const typicalOf = typicalDurations(trace, labels);
  const rows = rowsIn(columns, window);
  const found: number[] = [];
  const lost: number[] = [];
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
  const ranked = found.map((_, i) => i);
  ranked.sort((a, b) => lost[b] - lost[a] || found[a] - found[b]);
  const lanes = laneNames(trace);
  return {
    factor,
    found: found.length,
    lost_ns: exactSum(lost),
    population: populationOf(trace, labels, window),
    stalls: ranked
      .slice(0, limit)
      .map((i) => stallOf(trace, labels, lanes, found[i], typicalOf(found[i]))),
  };
}

const known = new WeakMap<LayerLabels, (call: number) => number>();

/** Median duration, ns, of what each call is measured against. */
function typicalDurations(trace: Trace, labels: LayerLabels): (call: number) => number {
  const before = known.get(labels);
  if (before !== undefined) {
    return before;
  }
  const columns = measuredColumns(trace);
  const codeCount = LAYER_TYPES.length + trace.names.size;
  const codeOf = (call: number): number =>
    labels.type[call] === UNCLASSIFIED
      ? LAYER_TYPES.length + columns.name[call]
      : labels.type[call];
  const grouped = groupDurations(
    columns.duration,
    { from: 0, to: columns.count },
    codeCount,
    codeOf,
  );
  const medians = new Float64Array(codeCount);
  for (const code of grouped.codes) {
    medians[code] = percentileOfSorted(grouped.sorted(code), 0.5);
  }
  const typicalOf = (call: number): number => medians[codeOf(call)];
  known.set(labels, typicalOf);
  return typicalOf;
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
