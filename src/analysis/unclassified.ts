import { UNCLASSIFIED, measuredColumns } from '../trace/index.js';
import type { LayerLabels, Trace } from '../trace/index.js';
import { exactSum } from './exactSum.js';
import { laneNames } from './laneNames.js';
import { populationOf } from './population.js';
import type { TimeWindow, UnclassifiedKernel, UnclassifiedList } from './results.js';
import { rowsIn } from './search.js';
import { unclassifiedReasons } from './unclassifiedReason.js';

interface Group {
  readonly calls: number[];
  classified: number;
}

/**
 * What is left without a layer type, by the name of the call: how often, how long, where, and why.
 *
 * @throws RangeError for a window that ends before it starts
 */
export function unclassified(
  trace: Trace,
  labels: LayerLabels,
  request: { readonly window?: TimeWindow | undefined } = {},
): UnclassifiedList {
  const columns = measuredColumns(trace);
  const span = rowsIn(columns, request.window);
  const total = exactSum(columns.duration, span.from, span.to);
  const reasonOf = unclassifiedReasons(trace, labels);
  const lanes = laneNames(trace);

  const groups = new Map<number, Group>();
  for (let call = span.from; call < span.to; call++) {
    if (labels.type[call] === UNCLASSIFIED) {
      const name = columns.name[call];
      let group = groups.get(name);
      if (group === undefined) {
        group = { calls: [], classified: 0 };
        groups.set(name, group);
      }
      group.calls.push(call);
    }
  }
  for (let call = span.from; call < span.to; call++) {
    const group = groups.get(columns.name[call]);
    if (group !== undefined && labels.type[call] !== UNCLASSIFIED) {
      group.classified++;
    }
  }

  const kernels = [...groups].map(([name, { calls, classified }]): UnclassifiedKernel => {
    const time = exactSum(calls.map((call) => columns.duration[call]));
    const reasons = new Map<string, { calls: number; total_ns: number }>();
    const streams = new Set<number>();
    let longest = calls[0];
    for (const call of calls) {
      const reason = reasonOf(call);
      let figures = reasons.get(reason);
      if (figures === undefined) {
        figures = { calls: 0, total_ns: 0 };
        reasons.set(reason, figures);
      }
      figures.calls++;
      figures.total_ns += columns.duration[call];
      streams.add(columns.lane[call]);
      if (columns.duration[call] > columns.duration[longest]) {
        longest = call;
      }
    }
    return {
      name: trace.names.get(name),
      calls: calls.length,
      total_ns: time,
      share: total === 0 ? 0 : time / total,
      classified_calls: classified,
      streams: [...streams].sort((a, b) => a - b).map((lane) => lanes[lane]),
      reasons: [...reasons]
        .map(([reason, figures]) => ({ reason, ...figures }))
        .sort((a, b) => b.total_ns - a.total_ns || b.calls - a.calls),
      longest: {
        call: longest,
        start_ns: columns.start[longest],
        duration_ns: columns.duration[longest],
      },
    };
  });
  kernels.sort((a, b) => b.total_ns - a.total_ns || b.calls - a.calls);
  const time = exactSum(kernels.map((kernel) => kernel.total_ns));
  return {
    population: populationOf(trace, labels, request.window),
    calls: kernels.reduce((sum, kernel) => sum + kernel.calls, 0),
    total_ns: time,
    share: total === 0 ? 0 : time / total,
    kernels,
  };
}
