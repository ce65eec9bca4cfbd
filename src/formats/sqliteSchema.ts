import { readHeader } from '../sqlite/header.js';
import {
  columnsOfCreateTable,
  endRows,
  readSchema,
  SchemaDamage,
  type ReadPage,
  type RecordValue,
} from '../sqlite/schema.js';
import { TraceOpenError } from '../trace/index.js';
import { indexWal } from '../sqlite/wal.js';
import { printable } from './printable.js';
import type { TraceSource } from './reader.js';

/** One table or view of a file; names as the file spells them. */
export interface SqliteTable {
  readonly name: string;
  readonly type: 'table' | 'view';
  /** empty for a view: only SQLite itself can tell */
  readonly columns: readonly string[];
  /** page its rows begin at; 0 for a view */
  readonly root: number;
}

/** A log that is read only to look for tables must not cost more than the trace. */
const MOST_WAL_BYTES = 256 * 1024 * 1024;

/**
 * The tables of an SQLite file, by name in lower case (SQL does not mind the case), in the file's
 * order, without loading it. What is still in a `-wal` beside the file counts.
 *
 * @throws TraceOpenError 'damaged'
 */
export async function sqliteTables(source: TraceSource): Promise<Map<string, SqliteTable>> {
  return withPages(source, async (pages) => tablesIn(pages));
}

/**
 * The first and the last row of a table by column, in lower case, from the few pages that lead to
 * them; empty where the file has no such table, or the table no row.
 *
 * @throws TraceOpenError 'damaged'
 */
export async function sqliteEndRows(
  source: TraceSource,
  table: string,
): Promise<readonly ReadonlyMap<string, RecordValue>[]> {
  return withPages(source, async (pages) => {
    const found = (await tablesIn(pages)).get(table);
    if (found === undefined || found.root === 0) {
      return [];
    }
    const rows = await endRows(pages.readPage, pages.usable, pages.encoding, found.root);
    return rows.map(
      (row) =>
        new Map(found.columns.map((column, i) => [column.toLowerCase(), row[i] ?? null] as const)),
    );
  });
}

interface Pages {
  readonly readPage: ReadPage;
  /** page size less reserved bytes */
  readonly usable: number;
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be';
}

async function tablesIn({ readPage, usable, encoding }: Pages): Promise<Map<string, SqliteTable>> {
  const tables = new Map<string, SqliteTable>();
  for (const { type, name, sql, root } of await readSchema(readPage, usable, encoding)) {
    if ((type === 'table' || type === 'view') && !/^sqlite_/i.test(name)) {
      tables.set(name.toLowerCase(), { name, type, columns: columnsOfCreateTable(sql), root });
    }
  }
  return tables;
}

async function withPages<T>(source: TraceSource, use: (pages: Pages) => Promise<T>): Promise<T> {
  const header = readHeader(await source.read(0, 100));
  if (header === undefined) {
    throw new TraceOpenError(
      'damaged',
      `${printable(source.name)} begins like an SQLite database, but its header is damaged. Copy it again from where it was recorded.`,
      'a damaged SQLite database',
    );
  }
  const log = header.walMode ? await source.companion?.('-wal') : undefined;
  try {
    const wal =
      log !== undefined && log.size <= MOST_WAL_BYTES ? await log.read(0, log.size) : undefined;
    const index = wal && indexWal(wal);
    const readPage = async (number: number): Promise<Uint8Array> => {
      const inLog = index?.pageSize === header.pageSize ? index.pages.get(number) : undefined;
      return wal !== undefined && inLog !== undefined
        ? wal.subarray(inLog, inLog + header.pageSize)
        : source.read((number - 1) * header.pageSize, header.pageSize);
    };
    return await use({
      readPage,
      usable: header.pageSize - header.reservedBytes,
      encoding: header.encoding,
    });
  } catch (error) {
    if (error instanceof SchemaDamage) {
      throw new TraceOpenError(
        'damaged',
        `${printable(source.name)} is a damaged or cut SQLite database: ${error.message}. Copy it again from where it was recorded.`,
        'a damaged SQLite database',
      );
    }
    throw error;
  } finally {
    await log?.close();
  }
}
