import { isSqlite } from '../sqlite/header.js';
import { TraceOpenError } from '../trace/index.js';
import { contentLooksLike, sqliteLooksLike } from './lookalikes.js';
import { printable } from './printable.js';
import type { Probe } from './reader.js';
import { sqliteTables } from './sqliteSchema.js';

const READS =
  'This version reads events tables, Ingero, rocpd and RPD databases, Nsight Systems exports and its own imports (SQLite), and PyTorch profiler traces (JSON).';
const TABLES_NAMED = 6;

/** The error for a file that no reader takes: what it looks like, and what to do. */
export async function refusal(probe: Probe): Promise<TraceOpenError> {
  const name = printable(probe.source.name);
  if (isSqlite(probe.head)) {
    return refuseSqlite(probe, name);
  }
  if (probe.gzip && probe.content.length === 0) {
    return new TraceOpenError(
      'damaged',
      `${name} begins like a gzip file, but nothing in it can be unpacked. Copy it again from where it was recorded.`,
      'a damaged gzip file',
    );
  }
  const { what, advice } = contentLooksLike(probe.content, probe.source.name);
  const looksLike = probe.gzip ? `${what}, gzipped` : what;
  return new TraceOpenError(
    'not-a-trace',
    [`${name} is no trace: it looks like ${looksLike}.`, advice, READS].filter(Boolean).join(' '),
    looksLike,
  );
}

async function refuseSqlite(probe: Probe, name: string): Promise<TraceOpenError> {
  const tables = [...(await sqliteTables(probe.source)).entries()];
  const names = tables.map(([, table]) => table.name);
  const what = sqliteLooksLike(new Map(tables));
  if (what.includes('Nsight')) {
    return new TraceOpenError(
      'unsupported',
      `${name} is ${what} without its names: it lacks the table StringIds, or its columns id and value. Export the report again (nsys export --type sqlite).`,
      what,
      names,
    );
  }
  if (/RPD|rocpd|nvprof|DLProf|ROCm/.test(what)) {
    return new TraceOpenError('unsupported', `${name} is ${what}. ${READS}`, what, names);
  }
  if (names.length === 0) {
    return new TraceOpenError(
      'not-a-trace',
      `${name} is an SQLite database without any table: the recorder was stopped before it wrote, or its -wal was left behind when the file was copied.`,
      'an empty SQLite database',
    );
  }
  if (what !== '') {
    return new TraceOpenError(
      'not-a-trace',
      `${name} is no trace: it looks like ${what}. ${READS}`,
      what,
      names,
    );
  }
  const listed = names
    .slice(0, TABLES_NAMED)
    .map((table) => printable(table, 40))
    .join(', ');
  const more = names.length > TABLES_NAMED ? ` and ${names.length - TABLES_NAMED} more` : '';
  const events = tables.find(([key]) => key === 'events')?.[1];
  const gap =
    events === undefined
      ? ''
      : events.type === 'table'
        ? ` Its table "events" lacks what a trace needs: timestamp, name and duration_us (or duration, duration_ns).`
        : ' Its "events" is a view, and only tables are read: what a view shows was computed, not recorded. Store its rows in a table "events" of another database and open that.';
  return new TraceOpenError(
    'not-a-trace',
    `${name} is an SQLite database, but no trace that is known here. Its tables: ${listed}${more}.${gap} ${READS}`,
    'an SQLite database',
    names,
  );
}
