import { percentileByRank } from '../trace/index.js';
import { exactSum } from './exactSum.js';
import type { CallStatistics } from './results.js';
import { valuesByRank } from './valueAtRank.js';

/**
 * Count, total, percentiles and tail ratio of calls.
 *
 * @param sorted durations in ns, ascending
 */
export function callStatistics(sorted: Float64Array | Uint32Array): CallStatistics {
  return statistics(sorted, (rank) => sorted[rank]);
}

/** The same of durations in any order; they are not changed, nor copied where they are many. */
export function callStatisticsOf(durations: Float64Array): CallStatistics {
  return statistics(durations, valuesByRank(durations));
}

function statistics(
  durations: Float64Array | Uint32Array,
  at: (rank: number) => number,
): CallStatistics {
  const calls = durations.length;
  if (calls === 0) {
    return { calls, total_ns: 0, p50_ns: null, p99_ns: null, max_ns: null, tail_ratio: null };
  }
  const p50 = percentileByRank(calls, at, 0.5);
  const p99 = percentileByRank(calls, at, 0.99);
  return {
    calls,
    total_ns: exactSum(durations),
    p50_ns: p50,
    p99_ns: p99,
    max_ns: at(calls - 1),
    tail_ratio: p50 === 0 ? null : p99 / p50,
  };
}

/** Below this many calls the p99 rests on fewer than one call in its tail. */
export const WEAK_P99_CALLS = 100;
