import { SqlError, type OpenEngine, type SqlEngine } from '../sqlite/engine.js';
import { keepOnlyTables } from '../sqlite/tablesOnly.js';
import { TraceOpenError, type Trace, type Warning } from '../trace/index.js';
import { printable } from './printable.js';
import type { ReadOptions, TraceSource } from './reader.js';
import { readSqliteDatabase } from './sqliteDatabase.js';

/**
 * Opens an SQLite file, lets `read` make a trace of its tables and closes the engine whatever happens.
 * `read` sees no view: see `keepOnlyTables`.
 *
 * @param read gets what was already found about the file, to be put in the trace's report
 * @throws TraceOpenError 'damaged' where SQLite gives up on the file, 'unsupported' where tables that the
 * format cannot do without lack columns, 'too-large' where a value does not fit in memory
 */
export async function readSqliteTrace(
  source: TraceSource,
  options: ReadOptions,
  openEngine: OpenEngine,
  read: (engine: SqlEngine, warnings: readonly Warning[]) => Promise<Trace>,
): Promise<Trace> {
  const { place, warnings, release } = await readSqliteDatabase(source, options);
  let engine: SqlEngine | undefined;
  try {
    engine = await openEngine(place);
    keepOnlyTables(engine, place instanceof Uint8Array || place.ownCopy);
    return await read(engine, warnings);
  } catch (error) {
    throw error instanceof SqlError ? refusedBySqlite(source, error) : error;
  } finally {
    engine?.close();
    await release();
  }
}

/** Damage to the schema can change the names in it and leave it valid. */
const NO_SUCH = /^no such (column|table)/;

/** A row may state, or a generated column compute, a text of a gigabyte. */
const TOO_LARGE = /out of memory|too big|cannot enlarge memory|OOM/i;

function refusedBySqlite(source: TraceSource, error: SqlError): TraceOpenError {
  if (NO_SUCH.test(error.message)) {
    return unknownSchema(source, error);
  }
  const words = printable(error.message, 300);
  if (TOO_LARGE.test(error.message)) {
    return new TraceOpenError(
      'too-large',
      `${printable(source.name)} holds a value that does not fit in memory (${words}): no recorder writes such a one, and the file is not read.`,
    );
  }
  return damagedFile(source, words);
}

function unknownSchema(source: TraceSource, error: SqlError): TraceOpenError {
  return new TraceOpenError(
    'unsupported',
    `${printable(source.name)} has the tables of a trace, but not as any known version writes them (${printable(error.message, 300)}): it comes from another version, or is damaged.`,
  );
}

/** @param damage SQLite's words */
export function damagedFile(source: TraceSource, damage: string): TraceOpenError {
  return new TraceOpenError(
    'damaged',
    `${printable(source.name)} is a damaged SQLite database, and no event in it can be read (${damage}). Copy it again from where it was recorded.`,
    'a damaged SQLite database',
  );
}
