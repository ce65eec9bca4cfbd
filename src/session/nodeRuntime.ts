import { basename } from 'node:path';
import { nodeFileSource } from '../formats/nodeFileSource.js';
import { nodeLargeDatabases } from '../formats/nodeLargeDatabases.js';
import { MOST_SQLITE_BYTES } from '../formats/sqliteDatabase.js';
import type { DatabaseFile, DatabasePlace } from '../sqlite/engine.js';
import { nodeSqlite, openNodeSqlite } from '../sqlite/nodeSqliteEngine.js';
import { loadNodeSqlJs } from '../sqlite/nodeSqlJs.js';
import { newSqlJsDatabase, openSqlJs } from '../sqlite/sqlJsEngine.js';
import type { TraceInput } from './engines.js';
import { givenSource } from './givenSource.js';
import { LocalQueryEngine } from './localQueryEngine.js';
import { LocalTraceEngine } from './localTraceEngine.js';
import { traceReaders } from './traceReaders.js';

/** What a session on Node decides for its engines; plain data, for workers. */
export interface NodeEngineOptions {
  /** bytes: a larger SQLite file is read where it lies, if this Node can */
  readonly nativeBeyond: number;
  /** path of a folder for copies of large databases; who made it up deletes it */
  readonly scratch: string;
}

/**
 * The engines on Node.
 * @param folder where the bundle and sql-wasm.wasm lie; see `loadNodeSqlJs`
 */
export function nodeEngines(
  folder?: string,
  { nativeBeyond, scratch }: Partial<NodeEngineOptions> = {},
): {
  trace(): LocalTraceEngine;
  query(): LocalQueryEngine;
} {
  const openEngine = async (database: DatabasePlace | null) => {
    const sqlite = database === null || database instanceof Uint8Array ? undefined : nodeSqlite();
    return sqlite === undefined
      ? openSqlJs(await loadNodeSqlJs(folder), database)
      : openNodeSqlite(sqlite, database as DatabaseFile);
  };
  return {
    trace: () =>
      new LocalTraceEngine({
        readers: traceReaders(openEngine),
        source: async (input) => givenSource(input) ?? nodeFileSource(input.path),
        newDatabase: async () => newSqlJsDatabase(await loadNodeSqlJs(folder)),
        ...(scratch !== undefined && {
          largeDatabases: nodeLargeDatabases(nativeBeyond ?? MOST_SQLITE_BYTES, scratch),
        }),
      }),
    query: () => new LocalQueryEngine(openEngine),
  };
}

export async function nodeInput(path: string): Promise<TraceInput> {
  return { path, name: basename(path) };
}
