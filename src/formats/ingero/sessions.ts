import type { SqlEngine } from '../../sqlite/engine.js';
import type { HostColumns, LaunchColumns, Marker, RecordedTime } from '../../trace/index.js';
import { numberOf } from '../numberOf.js';

/** Times the recorder did not run. ns from the trace's start. */
export interface Pauses {
  /** empty where it ran all the time, as far as the file says */
  readonly recorded: readonly RecordedTime[];
  readonly markers: readonly Marker[];
}

/**
 * The times between the sessions of a file: `ingero trace` appends to its database, and each of its runs
 * is a row of `sessions`. A session that was not stopped in order lasts until the next one begins. The
 * first events of a session precede its row by some 75 ms (vllm-37343-logprobs-amplification.db), so
 * a pause reaches from the last event before its middle to the first one after it.
 *
 * @param originNs absolute time of the trace's start, ns
 * @throws SqlError
 */
export function pausesBetweenSessions(
  engine: SqlEngine,
  originNs: bigint,
  spanNs: number,
  tables: readonly (LaunchColumns | HostColumns)[],
): Pauses {
  const columns = engine.columnsOf('sessions');
  if (!columns.includes('started_at') || !columns.includes('stopped_at')) {
    return { recorded: [], markers: [] };
  }
  const sessions: RecordedTime[] = [];
  engine.eachNumeric(
    `SELECT (${numberOf('started_at')}) - (${originNs}) AS start, nullif(${numberOf('stopped_at')}, 0) - (${originNs})
     FROM sessions WHERE ${numberOf('started_at')} > 0 ORDER BY start`,
    (row) => sessions.push({ start: row[0], end: row[1] }),
  );
  const recorded: RecordedTime[] = [];
  let start = 0;
  let ended = -Infinity;
  sessions.forEach((session, i) => {
    if (i > 0 && session.start > ended) {
      const middle = (ended + session.start) / 2;
      const pause = emptyAround(middle, tables);
      const from = Math.max(ended, pause.from);
      const to = Math.min(session.start, pause.to);
      // Where one begins before the events or after them, nothing of the trace lies on its other side.
      if (pause.from > -Infinity && pause.to < Infinity && from < to) {
        recorded.push({ start, end: from });
        start = to;
      }
    }
    const end = Number.isNaN(session.end) ? (sessions.at(i + 1)?.start ?? Infinity) : session.end;
    ended = Math.max(ended, end);
  });
  if (recorded.length === 0) {
    return { recorded: [], markers: [] };
  }
  recorded.push({ start, end: spanNs });
  return {
    recorded,
    markers: recorded.slice(1).flatMap((next, i) => pauseMarkers(recorded[i], next)),
  };
}

function pauseMarkers(before: RecordedTime, after: RecordedTime): Marker[] {
  const text = `Nothing was recorded for ${((after.start - before.end) / 1e9).toFixed(1)} s.`;
  const marker = { severity: '', text, advice: [] };
  return [
    { ...marker, time: before.end, title: 'Recording stopped' },
    { ...marker, time: after.start, title: 'Recording started again' },
  ];
}

/** The time without events around a time: from the last end of what began before it to the first start after it. */
function emptyAround(
  time: number,
  tables: readonly (LaunchColumns | HostColumns)[],
): { from: number; to: number } {
  let [from, to] = [-Infinity, Infinity];
  for (const { count, start, duration } of tables) {
    for (let i = 0; i < count; i++) {
      if (start[i] > time) {
        to = Math.min(to, start[i]);
        break;
      }
      from = Math.max(from, start[i] + duration[i]);
    }
  }
  return { from, to };
}
