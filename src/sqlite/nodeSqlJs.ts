import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { loadSqlJs, type SqlJs } from './sqlJsEngine.js';

const WASM = 'sql-wasm.wasm';
let loaded: Promise<SqlJs> | undefined;

/**
 * sql.js on Node, its WebAssembly read from beside the bundle (`dist/`), or from the package where
 * the sources run unbundled. Loaded once a thread.
 *
 * @param folder where the bundle lies
 */
export function loadNodeSqlJs(folder?: string): Promise<SqlJs> {
  loaded ??= readWasm(folder)
    .then(loadSqlJs)
    .catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
  return loaded;
}

async function readWasm(folder: string | undefined): Promise<Uint8Array> {
  if (folder !== undefined) {
    return readFile(path.join(folder, WASM));
  }
  const require = createRequire(path.join(process.cwd(), 'package.json'));
  return readFile(require.resolve(`sql.js/dist/${WASM}`));
}
