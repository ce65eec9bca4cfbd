import type * as vscode from 'vscode';
import type { TraceInput } from '../session/engines.js';
import type { TraceSession } from '../session/session.js';

/** What differs between the Node and the browser host of an extension. The entries choose it. */
export interface Runtime {
  /**
   * A session that has nothing open yet.
   * @param input how one of the session's paths becomes a file for its engine
   */
  createSession(
    input: (path: string, unread?: boolean) => Promise<TraceInput>,
  ): Promise<TraceSession>;
  /**
   * The path of a file that the engine can read by itself; undefined where the bytes have to go
   * through VS Code.
   */
  readablePath(uri: vscode.Uri): string | undefined;
  /** Starts the language server for trace SQL; whoever disposes of the answer stops it. */
  startLanguageClient(): Promise<vscode.Disposable>;
}
