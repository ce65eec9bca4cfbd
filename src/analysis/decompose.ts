import { METHODS, NO_METHOD, UNCLASSIFIED, measuredColumns } from '../trace/index.js';
import type { LayerLabels, Method, Trace } from '../trace/index.js';
import { WEAK_P99_CALLS, callStatistics, callStatisticsOf } from './callStatistics.js';
import { dutyCycle } from './dutyCycle.js';
import { groupDurations } from './groupedDurations.js';
import { groupingBy } from './grouping.js';
import { populationOf, traceFigures } from './population.js';
import type { DecomposeBy, Decomposition, DecompositionRow, TimeWindow } from './results.js';
import { rowsIn } from './search.js';

/**
 * Where the time of a trace, or of a window of it, went: calls, total, share, percentiles and tail
 * ratio by layer type, layer, module, kernel, step, phase, stream or rank. Every call of the window is
 * in exactly one row.
 *
 * @param labels made for `measuredColumns(trace)`
 * @throws RangeError for a window that ends before it starts
 */
export function decompose(
  trace: Trace,
  labels: LayerLabels,
  request: { readonly by: DecomposeBy; readonly window?: TimeWindow | undefined },
): Decomposition {
  const { by, window } = request;
  const columns = measuredColumns(trace);
  const span = rowsIn(columns, window);
  const grouping = groupingBy(trace, labels, by);
  const grouped = groupDurations(columns.duration, span, grouping.codeCount, (call) =>
    grouping.codeOf(call),
  );
  const overall = callStatisticsOf(columns.duration.subarray(span.from, span.to));
  const evidence = new EvidenceByGroup(grouped.codes, grouping.codeCount);
  for (let call = span.from; call < span.to; call++) {
    const method = labels.type[call] === UNCLASSIFIED ? NO_METHOD : labels.method[call];
    evidence.add(grouping.codeOf(call), method, columns.duration[call]);
  }
  const rows = grouped.codes.map((code): DecompositionRow => {
    const statistics = callStatistics(grouped.sorted(code));
    return {
      key: grouping.key(code),
      label: grouping.label(code),
      ...statistics,
      share: overall.total_ns === 0 ? 0 : statistics.total_ns / overall.total_ns,
      weak_p99: statistics.calls < WEAK_P99_CALLS,
      evidence: evidence.shares(code, statistics.total_ns),
    };
  });
  if (!grouping.ordered) {
    rows.sort((a, b) => b.total_ns - a.total_ns || b.calls - a.calls || compareText(a.key, b.key));
  }
  return {
    trace: traceFigures(trace),
    by,
    population: populationOf(trace, labels, window),
    overall: { ...overall, duty_cycle: dutyCycle(trace, window) },
    rows,
  };
}

/** Code unit order: the same on every machine, whatever its language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Time of each group by the method that labelled it. */
class EvidenceByGroup {
  private readonly slot: Int32Array;
  private readonly time: Float64Array;

  constructor(codes: readonly number[], codeCount: number) {
    this.slot = new Int32Array(codeCount);
    codes.forEach((code, i) => {
      this.slot[code] = i * METHODS.length;
    });
    this.time = new Float64Array(codes.length * METHODS.length);
  }

  add(code: number, method: number, ns: number): void {
    this.time[this.slot[code] + method] += ns;
  }

  shares(code: number, totalNs: number): { method: Method; share: number }[] {
    const shares: { method: Method; share: number }[] = [];
    METHODS.forEach((method, i) => {
      const ns = this.time[this.slot[code] + i];
      if (ns > 0) {
        shares.push({ method, share: ns / totalNs });
      }
    });
    return shares.sort((a, b) => b.share - a.share);
  }
}
