import type { SqlEngine } from '../../sqlite/engine.js';
import type { Marker, Warning } from '../../trace/index.js';
import { MOST_NS } from '../exactTime.js';

/**
 * The chains of causes the recorder found, as markers in time order.
 *
 * @param originNs absolute time of the trace's start, ns
 * @param nodeLabel what a node is called where the file is of several, '' otherwise
 * @throws SqlError
 */
export function causalChains(
  engine: SqlEngine,
  originNs: bigint,
  nodeLabel: (node: string) => string,
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
    `SELECT detected_at - (${originNs}), ${['severity', 'summary', 'root_cause', 'explanation', 'recommendations', 'timeline', 'node'].map(text).join(', ')}
     FROM causal_chains ORDER BY detected_at, summary`,
    (row) => {
      const time = Number(row[0]);
      if (row[0] === null || !(Math.abs(time) < MOST_NS)) {
        badTimes++;
        return;
      }
      const [severity, summary, cause, explanation] = row.slice(1, 5).map(String);
      const node = nodeLabel(String(row[7]));
      const advice = parseAdvice(String(row[5]));
      badAdvice += advice === undefined ? 1 : 0;
      markers.push({
        time,
        severity,
        title: node === '' ? summary : `${summary} (${node})`,
        text: chainText(explanation.trim(), cause.trim(), timelineText(String(row[6]))),
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

/** What the recorder says of a chain: its explanation, its root cause, and what it was made of. */
function chainText(explanation: string, cause: string, timeline: string): string {
  const known = cause === '' || explanation.includes(cause);
  return [
    explanation,
    known ? '' : explanation === '' ? cause : `Root cause: ${cause}.`,
    timeline === '' ? '' : `Timeline: ${timeline}.`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The steps of a chain in its order: "HOST sched_switch: 96 context switches (5.511s off-CPU)"; '' without any. */
function timelineText(json: string): string {
  const steps = parseList(json) ?? [];
  return steps
    .flatMap((step) => {
      if (typeof step !== 'object' || step === null) {
        return [];
      }
      const fields = new Map(Object.entries(step));
      const of = (name: string): string => {
        const value: unknown = fields.get(name);
        return typeof value === 'string' ? value : '';
      };
      const what = [of('layer'), of('op')].filter((part) => part !== '').join(' ');
      return [[what, of('detail')].filter((part) => part !== '').join(': ')];
    })
    .filter((step) => step !== '')
    .join('; ');
}

/** undefined where the text is no JSON list of texts. */
function parseAdvice(text: string): string[] | undefined {
  const list = parseList(text);
  return list?.every((item) => typeof item !== 'object') === true ? list.map(String) : undefined;
}

/** undefined where the text is no JSON list; empty for no text. */
function parseList(text: string): unknown[] | undefined {
  if (text.trim() === '' || text.trim() === 'null') {
    return [];
  }
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) ? json : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
