import { join } from 'node:path';
import type * as vscode from 'vscode';
import { OutputFile } from '../session/nodeOutputFile.js';
import { createNodeWorkerSession } from '../session/nodeWorkerSession.js';
import { CLIENT_ID, CLIENT_NAME, CLIENT_OPTIONS, startClient } from './languageClient.js';
import type { Runtime } from './runtime.js';
import { start } from './start.js';
import { workspaceOutput } from './workspaceOutput.js';

/** Entry of the desktop and of a remote: workers are threads and read files by themselves. */
export function activate(context: vscode.ExtensionContext): void {
  start(context, nodeRuntime(context.asAbsolutePath('dist')));
}

function nodeRuntime(dist: string): Runtime {
  return {
    createSession: async (input, nativeBeyond) =>
      createNodeWorkerSession(dist, input, nativeBeyond),
    readablePath: (uri) => (uri.scheme === 'file' ? uri.fsPath : undefined),
    async createOutput(uri, inputs) {
      if (uri.scheme !== 'file') {
        return workspaceOutput(uri, inputs);
      }
      const files = inputs.filter(({ scheme }) => scheme === 'file');
      const paths = files.map(({ fsPath }) => fsPath);
      // Whether a file may be replaced was asked by the dialog it was chosen in.
      return OutputFile.create({ path: uri.fsPath, force: true, inputs: paths });
    },
    async startLanguageClient() {
      const { LanguageClient, TransportKind } = await import('vscode-languageclient/node');
      const server = { module: join(dist, 'server.cjs'), transport: TransportKind.ipc };
      return startClient(new LanguageClient(CLIENT_ID, CLIENT_NAME, server, CLIENT_OPTIONS));
    },
  };
}
