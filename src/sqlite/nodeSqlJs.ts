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
  loaded ??= load(folder).catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

/**
 * WebAssembly is compiled on other threads. A process with nothing else to wait for then waits for those
 * in a way that does not always end (Node 20.20: every second run of the command line on two of the
 * public Nsight Systems exports), or ends without an answer. A timer is something to wait for.
 */
async function load(folder: string | undefined): Promise<SqlJs> {
  const alive = setInterval(() => undefined, 1000);
  try {
    return await loadSqlJs(await readWasm(folder));
  } finally {
    clearInterval(alive);
  }
}

async function readWasm(folder: string | undefined): Promise<Uint8Array> {
  if (folder !== undefined) {
    return readFile(path.join(folder, WASM));
  }
  const require = createRequire(path.join(process.cwd(), 'package.json'));
  return readFile(require.resolve(`sql.js/dist/${WASM}`));
}
