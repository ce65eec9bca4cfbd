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
    const [started] = engine.query('SELECT min(started_at) FROM sessions WHERE started_at > 0')
      .rows[0];
    const iso = isoTime(started);
    if (iso !== '') {
      facts.push({ name: 'Recording started', value: iso });
    }
  }
  return facts;
}

/** @param epochNs unix ns */
function isoTime(epochNs: SqlValue): string {
  if (typeof epochNs !== 'bigint' && typeof epochNs !== 'number') {
    return '';
  }
  const date = new Date(Math.floor(Number(epochNs) / 1_000_000));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
