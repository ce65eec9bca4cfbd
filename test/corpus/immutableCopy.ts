import { readFile } from 'node:fs/promises';
import type { SqlEngine } from '../../src/sqlite/engine.js';
import { loadNodeSqlJs } from '../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../src/sqlite/sqlJsEngine.js';

/** The database of a file as it lies on disk, in memory, for SQL that owes nothing to the product's views. */
export async function immutableCopy(path: string): Promise<SqlEngine> {
  const bytes = new Uint8Array(await readFile(path));
  // A file that was in WAL mode wants its -wal; the copy has none.
  bytes[18] = 1;
  bytes[19] = 1;
  return openSqlJs(await loadNodeSqlJs(), bytes);
}
