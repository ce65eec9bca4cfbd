import type { SqlEngine } from '../../sqlite/engine.js';
import type { Marker, Warning } from '../../trace/index.js';
import { MOST_NS } from '../exactTime.js';

/**
 * The chains of causes the recorder found, as markers in time order.
 *
 * @param originNs absolute time of the trace's start, ns
 * @throws SqlError
 */
export function causalChains(
  engine: SqlEngine,
  originNs: bigint,
): { markers: Marker[]; warnings: Warning[] } {
  const columns = engine.columnsOf('causal_chains');
  if (!columns.includes('detected_at') || !columns.includes('summary')) {
    return { markers: [], warnings: [] };
  }
  const text = (column: string): string =>
    columns.includes(column) ? `coalesce(${column}, '')` : "''";
  const markers: Marker[] = [];
  let badAdvice = 0;
  let badTimes = 0;
  engine.each(
    `SELECT detected_at - (${originNs}), ${['severity', 'summary', 'root_cause', 'explanation', 'recommendations'].map(text).join(', ')}
     FROM causal_chains ORDER BY detected_at, summary`,
    (row) => {
      const time = Number(row[0]);
      if (row[0] === null || !(Math.abs(time) < MOST_NS)) {
        badTimes++;
        return;
      }
      const [severity, summary, cause, explanation] = row.slice(1, 5).map(String);
      const advice = parseAdvice(String(row[5]));
      badAdvice += advice === undefined ? 1 : 0;
      markers.push({
        time,
        severity,
        title: summary,
        text: explanation.trim() === '' ? cause : explanation.trim(),
        // What is not the list it should be is still what the recorder advised.
        advice: advice ?? [String(row[5])],
      });
    },
  );
  const warnings: Warning[] = [];
  if (badAdvice > 0) {
    warnings.push({
      code: 'unreadable-advice',
      message: `The recommendations of ${badAdvice} causal chains are no JSON list; they are shown as written.`,
      rows: badAdvice,
    });
  }
  if (badTimes > 0) {
    warnings.push({
      code: 'causal-chain-times',
      message: `${badTimes} causal chains were left out: their times are missing or more than 104 days from the events.`,
      rows: badTimes,
    });
  }
  return { markers, warnings };
}

/** undefined where the text is no JSON list. */
function parseAdvice(text: string): string[] | undefined {
  if (text.trim() === '' || text.trim() === 'null') {
    return [];
  }
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json)
      ? json.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
