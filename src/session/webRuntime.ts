import { readSqliteDatabase } from '../formats/sqliteDatabase.js';
import { loadSqlJs, newSqlJsDatabase, openSqlJs } from '../sqlite/sqlJsEngine.js';
import { givenSource } from './givenSource.js';
import { LocalQueryEngine } from './localQueryEngine.js';
import { LocalTraceEngine } from './localTraceEngine.js';
import { traceReaders } from './traceReaders.js';
import type { WebWorkerStart } from './webWorkerSession.js';

/** The engines in a web worker: WebAssembly and files arrive as bytes. */
export function webEngines(start: Promise<WebWorkerStart>): {
  trace(): LocalTraceEngine;
  query(): LocalQueryEngine;
} {
  const sqlJs = start.then(({ sqlWasm }) => loadSqlJs(sqlWasm));
  const openEngine = async (database: Uint8Array | null) => openSqlJs(await sqlJs, database);
  return {
    trace: () =>
      new LocalTraceEngine({
        readers: traceReaders(openEngine),
        async source(input) {
          const source = givenSource(input);
          if (source === undefined) {
            throw new Error(`${input.name} came without its bytes.`);
          }
          return source;
        },
        database: async (source) => (await readSqliteDatabase(source)).bytes,
        newDatabase: async () => newSqlJsDatabase(await sqlJs),
      }),
    query: () => new LocalQueryEngine(openEngine),
  };
}
