import type * as vscode from 'vscode';
import type { TraceInput } from '../session/engines.js';
import type { TraceSession } from '../session/session.js';

/** What differs between the Node and the browser host of an extension. The entries choose it. */
export interface Runtime {
  /**
   * A session that has nothing open yet.
   * @param input how one of the session's paths becomes a file for its engine
   * @param nativeBeyond bytes: a larger SQLite file is read where it lies, where the host can
   */
  createSession(
    input: (path: string, unread?: boolean) => Promise<TraceInput>,
    nativeBeyond: number,
  ): Promise<TraceSession>;
  /**
   * The path of a file that the engine can read by itself; undefined where the bytes have to go
   * through VS Code.
   */
  readablePath(uri: vscode.Uri): string | undefined;
  /**
   * A file to write, which appears when it is whole.
   * @param inputs what is read for it, which is never written to
   * @throws Error with a sentence where nothing can be written there
   */
  createOutput(uri: vscode.Uri, inputs: readonly vscode.Uri[]): Promise<Output>;
  /** Starts the language server for trace SQL; whoever disposes of the answer stops it. */
  startLanguageClient(): Promise<vscode.Disposable>;
}

/** A file on its way. */
export interface Output {
  write(bytes: Uint8Array): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
  /** Takes away what was written. */
  abandon(): Promise<void>;
}
