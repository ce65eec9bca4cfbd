import { SqlError, type OpenEngine, type SqlEngine } from '../sqlite/engine.js';
import { TraceOpenError, type Trace, type Warning } from '../trace/index.js';
import { damageOf } from './eventRows.js';
import { printable } from './printable.js';
import type { ReadOptions, TraceSource } from './reader.js';
import { readSqliteDatabase } from './sqliteDatabase.js';

/**
 * Opens an SQLite file, lets `read` make a trace of it and closes the engine whatever happens.
 *
 * @param read gets what was already found about the file, to be put in the trace's report
 * @throws TraceOpenError 'damaged' where SQLite gives up on the file, 'unsupported' where tables that the
 * format cannot do without lack columns
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
    return await read(engine, warnings);
  } catch (error) {
    if (error instanceof SqlError) {
      throw NO_SUCH.test(error.message)
        ? unknownSchema(source, error)
        : damagedFile(source, damageOf(error));
    }
    throw error;
  } finally {
    engine?.close();
    await release();
  }
}

/** Damage to the schema can change the names in it and leave it valid. */
const NO_SUCH = /^no such (column|table)/;

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
