import { SqlError, type SqlEngine } from '../sqlite/engine.js';
import { TraceOpenError, type Trace, type Warning } from '../trace/index.js';
import { damageOf } from './eventRows.js';
import { printable } from './printable.js';
import type { ReadOptions, TraceSource } from './reader.js';
import { readSqliteDatabase } from './sqliteDatabase.js';

/**
 * Loads an SQLite file, lets `read` make a trace of it and closes the engine whatever happens.
 *
 * @param read gets what was already found about the file, to be put in the trace's report
 * @throws TraceOpenError 'damaged' where SQLite gives up on the file
 */
export async function readSqliteTrace(
  source: TraceSource,
  options: ReadOptions,
  openEngine: (database: Uint8Array) => Promise<SqlEngine>,
  read: (engine: SqlEngine, warnings: readonly Warning[]) => Promise<Trace>,
): Promise<Trace> {
  const { bytes, warnings } = await readSqliteDatabase(source, options);
  const engine = await openEngine(bytes);
  try {
    return await read(engine, warnings);
  } catch (error) {
    if (error instanceof SqlError) {
      throw damagedFile(source, damageOf(error));
    }
    throw error;
  } finally {
    engine.close();
  }
}

/** @param damage SQLite's words */
export function damagedFile(source: TraceSource, damage: string): TraceOpenError {
  return new TraceOpenError(
    'damaged',
    `${printable(source.name)} is a damaged SQLite database, and no event in it can be read (${damage}). Copy it again from where it was recorded.`,
    'a damaged SQLite database',
  );
}
