import type { LargeDatabases } from '../formats/reader.js';
import type { DatabasePlace } from '../sqlite/engine.js';
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
  const openEngine = async (database: DatabasePlace | null) => openSqlJs(await sqlJs, database);
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
        newDatabase: async () => newSqlJsDatabase(await sqlJs),
        largeDatabases: IN_BROWSER,
      }),
    query: () => new LocalQueryEngine(openEngine),
  };
}

const IN_BROWSER: LargeDatabases = {
  beyond: undefined,
  needs: 'In a browser there is no other way: open the file with desktop VS Code or Remote-SSH.',
  copy: () => Promise.reject(new Error('a browser copies no files')),
};
