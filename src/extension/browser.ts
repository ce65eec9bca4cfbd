import * as vscode from 'vscode';
import { createWebWorkerSession } from '../session/webWorkerSession.js';
import { CLIENT_ID, CLIENT_NAME, CLIENT_OPTIONS, startClient } from './languageClient.js';
import type { Runtime } from './runtime.js';
import { start } from './start.js';
import { workspaceOutput } from './workspaceOutput.js';

/** Entry of VS Code in a browser: workers start from blobs and get the bytes of files. */
export function activate(context: vscode.ExtensionContext): void {
  start(context, browserRuntime(vscode.Uri.joinPath(context.extensionUri, 'dist')));
}

function browserRuntime(dist: vscode.Uri): Runtime {
  const read = async (name: string) =>
    new Uint8Array(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(dist, name)));
  // A worker may not be started from the extension's own address, which is another origin.
  const script = async (name: string) =>
    URL.createObjectURL(new Blob([await read(name)], { type: 'text/javascript' }));
  const load = async () => {
    const [traceWorker, queryWorker, sqlWasm] = await Promise.all([
      script('traceWorker.web.js'),
      script('queryWorker.web.js'),
      read('sql-wasm.wasm'),
    ]);
    return { scripts: { traceWorker, queryWorker }, sqlWasm };
  };
  let loaded: ReturnType<typeof load> | undefined;
  return {
    async createSession(input) {
      loaded ??= load();
      loaded.catch(() => (loaded = undefined)); // so that the next attempt loads again
      return createWebWorkerSession({ ...(await loaded), input });
    },
    readablePath: () => undefined,
    createOutput: async (uri, inputs) => workspaceOutput(uri, inputs),
    async startLanguageClient() {
      const { LanguageClient } = await import('vscode-languageclient/browser');
      const worker = new Worker(await script('server.web.js'));
      return startClient(new LanguageClient(CLIENT_ID, CLIENT_NAME, worker, CLIENT_OPTIONS));
    },
  };
}
