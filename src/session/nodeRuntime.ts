import { basename } from 'node:path';
import { nodeFileSource } from '../formats/nodeFileSource.js';
import { readSqliteDatabase } from '../formats/sqliteDatabase.js';
import { loadNodeSqlJs } from '../sqlite/nodeSqlJs.js';
import { newSqlJsDatabase, openSqlJs } from '../sqlite/sqlJsEngine.js';
import type { TraceInput } from './engines.js';
import { givenSource } from './givenSource.js';
import { LocalQueryEngine } from './localQueryEngine.js';
import { LocalTraceEngine } from './localTraceEngine.js';
import { traceReaders } from './traceReaders.js';

/** The engines on Node. @param folder where the bundle and sql-wasm.wasm lie; see `loadNodeSqlJs` */
export function nodeEngines(folder?: string): {
  trace(): LocalTraceEngine;
  query(): LocalQueryEngine;
} {
  const openEngine = async (database: Uint8Array | null) =>
    openSqlJs(await loadNodeSqlJs(folder), database);
  return {
    trace: () =>
      new LocalTraceEngine({
        readers: traceReaders(openEngine),
        source: async (input) => givenSource(input) ?? nodeFileSource(input.path),
        database: async (source) => (await readSqliteDatabase(source)).bytes,
        newDatabase: async () => newSqlJsDatabase(await loadNodeSqlJs(folder)),
      }),
    query: () => new LocalQueryEngine(openEngine),
  };
}

export async function nodeInput(path: string): Promise<TraceInput> {
  return { path, name: basename(path) };
}
