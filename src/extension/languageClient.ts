import * as vscode from 'vscode';
import type { BaseLanguageClient, LanguageClientOptions } from 'vscode-languageclient';
import type { Runtime } from './runtime.js';

export const CLIENT_ID = 'layerscope.tracesql';
export const CLIENT_NAME = 'Layerscope trace SQL';
export const TRACE_SQL = 'tracesql';

/** What the client asks of the language server, the same in both hosts. */
export const CLIENT_OPTIONS: LanguageClientOptions = {
  documentSelector: [{ language: TRACE_SQL }],
};

/** Starts a client; disposing of the answer stops it and its server. */
export async function startClient(client: BaseLanguageClient): Promise<vscode.Disposable> {
  await client.start();
  return { dispose: () => void client.dispose() };
}

/** Starts the language server when the first trace SQL document is open, not before. */
export function serveTraceSql(runtime: Runtime, log: vscode.LogOutputChannel): vscode.Disposable {
  let client: Promise<vscode.Disposable> | undefined;
  const start = (document: vscode.TextDocument) => {
    if (document.languageId !== TRACE_SQL || client !== undefined) {
      return;
    }
    client = runtime.startLanguageClient();
    client.catch((error: unknown) => {
      log.error(`trace SQL: the language server did not start: ${String(error)}`);
      void vscode.window.showWarningMessage(
        'Layerscope: completion for trace SQL is not available; the log says why.',
      );
    });
  };
  vscode.workspace.textDocuments.forEach(start);
  const opened = vscode.workspace.onDidOpenTextDocument(start);
  return {
    dispose() {
      opened.dispose();
      client?.then(
        (started) => started.dispose(),
        () => undefined, // it never started, which has been said
      );
    },
  };
}
