import { bisectRight } from 'd3-array';
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
 * When the recorder ran, in order of time: `ingero trace` appends to its database, and each of its runs is
 * a row of `sessions`. One that was not stopped in order lasts until the next one begins, the last for ever.
 *
 * @param zero absolute time, ns, that times are relative to
 * @throws SqlError
 */
export function sessionTimes(engine: SqlEngine, zero: bigint): RecordedTime[] {
  const columns = engine.columnsOf('sessions');
  if (!columns.includes('started_at') || !columns.includes('stopped_at')) {
    return [];
  }
  const sessions: RecordedTime[] = [];
  engine.eachNumeric(
    `SELECT (${numberOf('started_at')}) - (${zero}) AS start, nullif(${numberOf('stopped_at')}, 0) - (${zero})
     FROM sessions WHERE ${numberOf('started_at')} > 0 ORDER BY start`,
    (row) => sessions.push({ start: row[0], end: row[1] }),
  );
  return sessions.map(({ start, end }, i) => ({
    start,
    end: Number.isNaN(end) ? (sessions.at(i + 1)?.start ?? Infinity) : end,
  }));
}

/**
 * The times between sessions. The first events of a session precede its row by some 75 ms
 * (vllm-37343-logprobs-amplification.db), so a pause reaches from the last event before its middle to the
 * first one after it.
 *
 * @param sessions relative to the trace's start
 */
export function pausesBetweenSessions(
  sessions: readonly RecordedTime[],
  spanNs: number,
  tables: readonly (LaunchColumns | HostColumns)[],
): Pauses {
  const empty = new EmptyTimes(sessions.length > 1 ? tables : []);
  const recorded: RecordedTime[] = [];
  let start = 0;
  let ended = -Infinity;
  for (const session of sessions) {
    if (session.start > ended && ended > -Infinity) {
      const middle = (ended + session.start) / 2;
      const pause = empty.around(middle);
      const from = Math.max(ended, pause.from);
      const to = Math.min(session.start, pause.to);
      // Where one begins before the events or after them, nothing of the trace lies on its other side.
      if (pause.from > -Infinity && pause.to < Infinity && from < to) {
        recorded.push({ start, end: from });
        start = to;
      }
    }
    ended = Math.max(ended, session.end);
  }
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

/** Finds the time without events around a time: from the last end of what began by then to the first start after it. */
class EmptyTimes {
  private readonly tables: readonly {
    readonly start: Float64Array;
    readonly ended: Float64Array;
  }[];

  constructor(tables: readonly (LaunchColumns | HostColumns)[]) {
    this.tables = tables.map(({ start, duration }) => {
      let last = -Infinity;
      return {
        start,
        ended: start.map((at, i) => (last = Math.max(last, at + duration[i]))),
      };
    });
  }

  around(time: number): { from: number; to: number } {
    let [from, to] = [-Infinity, Infinity];
    for (const { start, ended } of this.tables) {
      const after = bisectRight(start, time);
      from = Math.max(from, after > 0 ? ended[after - 1] : -Infinity);
      to = Math.min(to, after < start.length ? start[after] : Infinity);
    }
    return { from, to };
  }
}

/** Ends of the times in which a session ran, ascending; sessions that follow without a gap are one. */
export function endsOfRecording(sessions: readonly RecordedTime[]): number[] {
  const ends: number[] = [];
  let end = -Infinity;
  for (const session of sessions) {
    if (session.start > end && end > -Infinity) {
      ends.push(end);
    }
    end = Math.max(end, session.end);
  }
  return [...ends, end];
}
