import { join } from 'node:path';
import type * as vscode from 'vscode';
import { createNodeWorkerSession } from '../session/nodeWorkerSession.js';
import { CLIENT_ID, CLIENT_NAME, CLIENT_OPTIONS, startClient } from './languageClient.js';
import type { Runtime } from './runtime.js';
import { start } from './start.js';

/** Entry of the desktop and of a remote: workers are threads and read files by themselves. */
export function activate(context: vscode.ExtensionContext): void {
  start(context, nodeRuntime(context.asAbsolutePath('dist')));
}

function nodeRuntime(dist: string): Runtime {
  return {
    createSession: async (input, nativeBeyond) =>
      createNodeWorkerSession(dist, input, nativeBeyond),
    readablePath: (uri) => (uri.scheme === 'file' ? uri.fsPath : undefined),
    async startLanguageClient() {
      const { LanguageClient, TransportKind } = await import('vscode-languageclient/node');
      const server = { module: join(dist, 'server.cjs'), transport: TransportKind.ipc };
      return startClient(new LanguageClient(CLIENT_ID, CLIENT_NAME, server, CLIENT_OPTIONS));
    },
  };
}
