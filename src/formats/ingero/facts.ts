import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import type { TraceReport } from '../../trace/index.js';

/**
 * Facts of a recording that help to read it. A closed list: `sessions` also holds what is private
 * (node names, process filters, the recorder's command line), and later versions may add to that.
 */
const SESSION_FACTS: readonly (readonly [column: string, name: string])[] = [
  ['gpu_model', 'GPU'],
  ['gpu_driver', 'Driver'],
  ['cuda_ver', 'CUDA'],
  ['python_ver', 'Python'],
  ['ingero_ver', 'Ingero'],
  ['cpu_model', 'CPU'],
  ['cpu_cores', 'CPU cores'],
  ['os_release', 'Operating system'],
];

/** Sessions listed with their times; a file that was appended to for months has hundreds. */
const MOST_SESSIONS = 10;

/** Facts of all sessions; several values of one fact are listed. @throws SqlError */
export function recordingFacts(engine: SqlEngine): TraceReport['facts'] {
  const columns = engine.columnsOf('sessions');
  const facts: { name: string; value: string }[] = [];
  for (const [column, name] of SESSION_FACTS) {
    if (!columns.includes(column)) {
      continue;
    }
    const values = engine
      .query(
        `SELECT DISTINCT ${column} FROM sessions WHERE ${column} NOT IN ('', 0) ORDER BY 1`,
        20,
      )
      .rows.map(([value]) => String(value));
    if (values.length > 0) {
      facts.push({ name, value: values.join('; ') });
    }
  }
  if (columns.includes('started_at')) {
    facts.push(...sessionFacts(engine, columns.includes('stopped_at')));
  }
  return facts;
}

/** When the recorder ran. A session that was not stopped in order has no end. */
function sessionFacts(engine: SqlEngine, hasEnd: boolean): { name: string; value: string }[] {
  const sessions = engine
    .query(
      `SELECT started_at, ${hasEnd ? 'stopped_at' : '0'} FROM sessions WHERE started_at > 0 ORDER BY started_at`,
    )
    .rows.map(([start, end]) => ({ start: isoTime(start), end: isoTime(end) }))
    .filter(({ start }) => start !== '');
  if (sessions.length === 0) {
    return [];
  }
  const [first] = sessions;
  const facts = [{ name: 'Recording started', value: first.start }];
  if (sessions.length === 1) {
    return first.end === '' ? facts : [...facts, { name: 'Recording stopped', value: first.end }];
  }
  const shown = sessions
    .slice(0, MOST_SESSIONS)
    .map(({ start, end }) => (end === '' ? `from ${start}` : `${start} to ${end}`));
  const more = sessions.length - shown.length;
  const list = [...shown, ...(more > 0 ? [`${more} more`] : [])].join('; ');
  return [...facts, { name: 'Sessions', value: `${sessions.length}: ${list}` }];
}

/** @param epochNs unix ns; '' for 0, which says nothing */
function isoTime(epochNs: SqlValue): string {
  if (typeof epochNs !== 'bigint' && typeof epochNs !== 'number') {
    return '';
  }
  if (epochNs <= 0) {
    return '';
  }
  const date = new Date(Math.floor(Number(epochNs) / 1_000_000));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
