import { placeOfSource } from '../formats/flat/eventSource.js';
import { SourceNames } from '../formats/ingero/sources.js';
import { numberOf } from '../formats/numberOf.js';
import type { SqlEngine, SqlValue } from '../sqlite/engine.js';
import { quoteName, quoteText } from '../sqlite/sqlText.js';
import type { DialectContext } from './dialect.js';
import type { QueryTables } from './tables.js';
import { eventsFromColumns, type ViewSql } from './viewSql.js';

/** How a trace answers to `events`: a view to install, if any, and how `source` is compared. */
export interface EventsTable {
  /** undefined where the file's own table has every column already */
  readonly view: ViewSql | undefined;
  readonly dialect: DialectContext;
}

/** Columns of the file's table by their name in lower case. */
type OwnColumns = ReadonlyMap<string, string>;

/** Functions in SQL that turn a value of `source`, and an operation of a source, into its name. */
const SOURCE_NAME = 'layerscope_source_name';
const OPERATION_NAME = 'layerscope_operation_name';

/**
 * Decides what `events` is for this trace. The engine holds the trace's own database or an empty one;
 * nothing is changed here but a function registered.
 */
export function eventsTable(engine: SqlEngine, tables: QueryTables): EventsTable {
  // The database is one file's: with several files only the columns hold the events of all ranks.
  // A rocpd file of version 4 has a view of that name that is something else.
  const isEvents = tables.format === 'flat' || tables.format === 'ingero';
  if (!isEvents || tables.fileCount > 1) {
    return { view: eventsFromColumns(tables), dialect: {} };
  }
  // SQLite compares names without regard to case.
  const own: OwnColumns = new Map(
    engine.columnsOf('events').map((name) => [name.toLowerCase(), name]),
  );
  if (own.size === 0) {
    return { view: eventsFromColumns(tables), dialect: {} };
  }
  return tables.format === 'ingero' ? ingeroEvents(engine, own) : flatEvents(engine, own);
}

/**
 * All columns of the file's table, then those it lacks; undefined where it needs no view.
 *
 * @param added expression of each column that has to be there
 * @param replaced expressions of columns that the file has in a form SQL cannot count with
 */
function withAdded(
  own: OwnColumns,
  added: Readonly<Record<string, string>>,
  from: string,
  replaced: Readonly<Record<string, string>> = {},
): ViewSql | undefined {
  const missing = Object.entries(added).filter(([name]) => !own.has(name));
  if (missing.length === 0 && Object.keys(replaced).length === 0) {
    return undefined;
  }
  const kept = [...own].map(([name, spelled]) => {
    const column = quoteName(spelled);
    return `${replaced[name] ?? `e.${column}`} AS ${column}`;
  });
  const list = [...kept, ...missing.map(([name, expression]) => `${expression} AS ${name}`)];
  return { select: `SELECT ${list.join(', ')} FROM ${from}`, needs: [] };
}

/** The name of a source as SQL without a function of ours, which would be called for every row. */
function sourceNameOf(column: string, names: SourceNames): string {
  const cases = [...names.all()].map(
    ([id, { name }]) => `WHEN ${id} THEN ${quoteText(name.toLowerCase())}`,
  );
  return `CASE WHEN typeof(${column}) IN ('integer', 'real') THEN CASE ${column} ${cases.join(' ')} END ELSE ${column} END`;
}

function ingeroEvents(engine: SqlEngine, own: OwnColumns): EventsTable {
  const names = new SourceNames(engine);
  const sourceName = (source: SqlValue): SqlValue =>
    typeof source === 'number' ? (names.source(source)?.name.toLowerCase() ?? null) : source;
  engine.scalarFunction(SOURCE_NAME, sourceName);
  engine.scalarFunction(OPERATION_NAME, (source, op) =>
    typeof source === 'number' && typeof op === 'number' ? names.op(source, op) : null,
  );
  let ids: readonly SqlValue[] | undefined;
  return {
    view: withAdded(
      own,
      {
        name: `coalesce(o.name, ${OPERATION_NAME}(e.source, e.op))`,
        source_name: sourceNameOf('e.source', names),
        duration_us: 'e.duration / 1000.0',
        duration_ns: 'e.duration',
      },
      'main.events e LEFT JOIN main.ops o ON o.source_id = e.source AND o.op_id = e.op',
    ),
    dialect: {
      sourceValues: (text) => {
        ids ??= engine
          .query('SELECT id FROM main.sources UNION SELECT source FROM main.events')
          .rows.map(([id]) => id);
        const lower = text.toLowerCase();
        return ids.filter((id): id is number => typeof id === 'number' && sourceName(id) === lower);
      },
      sourceNameFunction: SOURCE_NAME,
    },
  };
}

/**
 * A flat table may name its columns otherwise, leave out what all its rows share, or hold durations as
 * text, which no sum or percentile takes.
 */
function flatEvents(engine: SqlEngine, own: OwnColumns): EventsTable {
  const nanoseconds = ['duration_ns', 'duration'].find((name) => own.has(name));
  const added = {
    timestamp: own.has('timestamp_ns') ? 'e.timestamp_ns' : 'NULL',
    source: "'cuda'",
    duration_us: `e.${nanoseconds} / 1000.0`,
    pid: 'NULL',
    tid: 'NULL',
    gpu_id: '0',
  };
  const replaced = holdsOthers(engine, own, 'duration_us')
    ? { duration_us: numberOf('duration_us') }
    : {};
  return {
    view: withAdded(own, added, 'main.events e', replaced),
    dialect: own.has('source') ? { sourceValues: sourceSpellings(engine) } : {},
  };
}

/** Whether a column holds anything but numbers and NULL. */
function holdsOthers(engine: SqlEngine, own: OwnColumns, column: string): boolean {
  return (
    own.has(column) &&
    engine.query(`SELECT 1 FROM main.events WHERE typeof(${column}) IN ('text', 'blob')`, 1).rows
      .length > 0
  );
}

/**
 * What the file writes for a source: 'cuda' also finds 'CUDA', and 'gpu' where the file calls all its
 * GPU events so. The file is read at first use.
 */
function sourceSpellings(engine: SqlEngine): (text: string) => readonly string[] {
  let written: string[] | undefined;
  return (text) => {
    written ??= engine
      .query('SELECT DISTINCT source FROM main.events')
      .rows.map(([source]) => source)
      .filter((source) => typeof source === 'string');
    const lower = text.toLowerCase();
    const same = written.filter((source) => source.toLowerCase() === lower);
    const meant =
      same.length === 0 && lower === 'cuda'
        ? written.filter((source) => placeOfSource(source) === 'gpu')
        : same;
    return meant.filter((source) => source !== text);
  };
}
