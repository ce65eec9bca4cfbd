import { METHODS, NO_METHOD, UNCLASSIFIED, measuredColumns, timeKindOf } from '../trace/index.js';
import type { LayerLabels, Method, Trace } from '../trace/index.js';
import { exactSum } from './exactSum.js';
import type { Population, TimeWindow, TraceFigures } from './results.js';
import { rowsIn } from './search.js';

/** Which rows of the file stand behind figures over `window`, and how much of their time has a label. */
export function populationOf(trace: Trace, labels: LayerLabels, window?: TimeWindow): Population {
  const columns = measuredColumns(trace);
  const rows = rowsIn(columns, window);
  const byMethod = new Float64Array(METHODS.length);
  const seen = new Uint8Array(METHODS.length);
  let classified = 0;
  for (let call = rows.from; call < rows.to; call++) {
    const method = labels.type[call] === UNCLASSIFIED ? NO_METHOD : labels.method[call];
    byMethod[method] += columns.duration[call];
    seen[method] = 1;
    if (labels.type[call] !== UNCLASSIFIED) {
      classified += columns.duration[call];
    }
  }
  const total = exactSum(columns.duration, rows.from, rows.to);
  const shares: Partial<Record<Method, number>> = {};
  METHODS.forEach((method, code) => {
    if (seen[code] === 1) {
      shares[method] = total === 0 ? 0 : byMethod[code] / total;
    }
  });
  const kind = timeKindOf(trace);
  return {
    rows: rows.to - rows.from,
    // The recorder counts over its whole recording; of a window nobody knows what it dropped.
    counted: window === undefined ? callsCounted(trace) : null,
    rows_in_file: trace.report.rowsInFile,
    skipped: trace.report.skipped,
    time_kind: kind,
    gpu_time_ns: kind === 'gpu' ? total : 0,
    classified_share: total === 0 ? 0 : classified / total,
    by_method: shares,
  };
}

/**
 * Calls of the measured table that the recorder saw, kept or not; null where the file does not say.
 * Counts of other events (scheduler, network) are no part of it: they would be set against calls.
 */
function callsCounted(trace: Trace): number | null {
  const { countedByName, rowsCounted } = trace.report;
  const measured = measuredColumns(trace).count;
  if (countedByName === undefined) {
    // A count of everything is a count of the calls only where there is nothing else.
    return trace.report.rowsInFile === measured ? rowsCounted : null;
  }
  const table = timeKindOf(trace) === 'gpu' ? 'gpu' : 'launches';
  let rows = 0;
  let counted = 0;
  for (const kind of countedByName) {
    if (kind.table === table) {
      if (kind.counted === null) {
        return null;
      }
      rows += kind.rows;
      counted += kind.counted;
    }
  }
  // Kinds of call that the file counts nowhere leave the sum unknown.
  return measured > 0 && rows === measured ? counted : null;
}

/** The figures that tell one trace from another. */
export function traceFigures(trace: Trace): TraceFigures {
  return {
    path: trace.files.map((file) => file.path).join(', '),
    format: trace.format,
    events: trace.report.rowsRead,
    gpu_events: trace.gpu.count,
    span_ns: trace.spanNs,
    ranks: trace.ranks.length,
  };
}
