import type { Decomposition, DecompositionRow } from '../../src/analysis/results.js';
import {
  formatCount,
  formatCountOf,
  formatKept,
  formatMicros,
  formatRatio,
  formatShare,
} from '../../src/analysis/format.js';
import { UNCLASSIFIED, layerTypeOf } from '../../src/trace/index.js';

/** Below this share of the time a layer type's tail, however long, is nobody's incident. */
const LEAST_SHARE = 0.01;
/** Share of the time without a layer type from which the sentence mentions it. */
const WORTH_SAYING = 0.05;

/**
 * The layer type with the worst tail: the one whose slow calls (p99) take the most time above its
 * typical ones (p50), among those with at least 100 calls and 1 % of the time; where none qualifies,
 * among all. The difference decides and not the ratio: a type that mixes 2 µs copies with 200 µs
 * products has a great ratio in every call, a stalled exchange costs milliseconds in some.
 * Unclassified calls are no layer type.
 */
export function worstLayer(decomposition: Decomposition): DecompositionRow | undefined {
  const none = layerTypeOf(UNCLASSIFIED).key;
  const typed = decomposition.rows.filter((row) => row.key !== none && row.calls > 0);
  const firm = typed.filter((row) => !row.weak_p99 && row.share >= LEAST_SHARE);
  const candidates = firm.length > 0 ? firm : typed;
  return candidates.reduce<DecompositionRow | undefined>(
    (worst, row) => (worst === undefined || excess(row) > excess(worst) ? row : worst),
    undefined,
  );
}

/** ns that p99 lies above p50. */
function excess(row: DecompositionRow): number {
  return (row.p99_ns ?? 0) - (row.p50_ns ?? 0);
}

/** What the header says of the worst layer type, in two parts. */
export interface WorstLayerWords {
  /** "p99 12,400 µs, 69x its median" */
  readonly tail: string;
  /** "1 call in 10, 49.1 % of GPU time" */
  readonly weight: string;
}

export function describeWorst(
  decomposition: Decomposition,
  worst: DecompositionRow,
): WorstLayerWords {
  const { overall, population } = decomposition;
  const time = population.time_kind === 'gpu' ? 'GPU time' : 'host API time';
  const weak = worst.weak_p99 ? ` (of ${formatCountOf(worst.calls, 'call')} only)` : '';
  const kept = formatKept(worst.calls, worst.counted);
  const unclassified = 1 - population.classified_share;
  // Where much is unclassified, the worst tail may be there: that is said beside the sentence.
  const gap =
    unclassified >= WORTH_SAYING ? `; ${formatShare(unclassified)} has no layer type` : '';
  return {
    tail: `p99 ${formatMicros(worst.p99_ns)} µs, ${formatRatio(worst.tail_ratio)} its median${weak}${kept === '' ? '' : ` (${kept})`}`,
    weight: `${oneIn(worst.calls, overall.calls)}, ${formatShare(worst.share)} of ${time}${gap}`,
  };
}

/** "1 call in 10"; where it is more than two in five, "62 % of calls". */
export function oneIn(calls: number, all: number): string {
  if (calls <= 0 || all <= 0) {
    return 'no calls';
  }
  const share = calls / all;
  return share > 0.4 ? `${formatShare(share)} of calls` : `1 call in ${formatCount(1 / share)}`;
}
