import {
  METHODS,
  NO_METHOD,
  UNCLASSIFIED,
  countedCallsByName,
  keepsPartOfEvents,
  measuredColumns,
} from '../trace/index.js';
import type { LayerLabels, Method, Trace } from '../trace/index.js';
import { WEAK_P99_CALLS, callStatistics, callStatisticsOf } from './callStatistics.js';
import { dutyCycle } from './dutyCycle.js';
import { groupDurations } from './groupedDurations.js';
import { groupingBy, type Grouping } from './grouping.js';
import { populationOf, traceFigures } from './population.js';
import type { DecomposeBy, Decomposition, DecompositionRow, TimeWindow } from './results.js';
import { rowsIn, type RowSpan } from './search.js';

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
  const counted = countedByGroup(trace, window === undefined ? span : undefined, grouping);
  const rows = grouped.codes.map((code): DecompositionRow => {
    const statistics = callStatistics(grouped.sorted(code));
    return {
      key: grouping.key(code),
      label: grouping.label(code),
      ...statistics,
      share: overall.total_ns === 0 ? 0 : statistics.total_ns / overall.total_ns,
      counted: counted(code, statistics.calls),
      weak_p99: statistics.calls < WEAK_P99_CALLS,
      evidence: evidence.shares(code, statistics.total_ns),
    };
  });
  grouped.discard();
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

/**
 * Calls the recorder saw of each group, after the definition of `DecompositionRow.counted`.
 *
 * @param all every call of the trace; undefined for a window, of which recorders count nothing
 */
function countedByGroup(
  trace: Trace,
  all: RowSpan | undefined,
  grouping: Grouping,
): (code: number, calls: number) => number | null {
  if (!keepsPartOfEvents(trace.format)) {
    return (_, calls) => calls;
  }
  if (all === undefined) {
    return () => null;
  }
  const { name } = measuredColumns(trace);
  const { size } = trace.names;
  const calls = new Uint32Array(size);
  const groupOf = new Int32Array(size).fill(-1);
  const inSeveral = new Uint8Array(size);
  for (let call = all.from; call < all.to; call++) {
    const id = name[call];
    const code = grouping.codeOf(call);
    calls[id]++;
    inSeveral[id] |= groupOf[id] >= 0 && groupOf[id] !== code ? 1 : 0;
    groupOf[id] = code;
  }
  const sums = new Float64Array(grouping.codeCount);
  const unknown = new Uint8Array(grouping.codeCount);
  for (let call = all.from; call < all.to; call++) {
    unknown[grouping.codeOf(call)] |= inSeveral[name[call]];
  }
  const counts = countedCallsByName(trace);
  for (let id = 0; id < size; id++) {
    const count = counts.get(id);
    if (groupOf[id] >= 0 && (count?.counted == null || count.rows !== calls[id])) {
      unknown[groupOf[id]] = 1;
    } else if (groupOf[id] >= 0) {
      sums[groupOf[id]] += count?.counted ?? 0;
    }
  }
  return (code) => (unknown[code] === 1 ? null : sums[code]);
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
