import * as vscode from 'vscode';
import { joinedBytes } from '../trace/index.js';
import { noticeName } from './notice.js';
import type { Output } from './runtime.js';
import { fileName } from './traceFiles.js';

/**
 * A file that goes through VS Code, which takes it whole: its parts wait in memory, and it gets its name
 * when all of it is there.
 *
 * @throws Error with a sentence where it is one of the inputs
 */
export function workspaceOutput(uri: vscode.Uri, inputs: readonly vscode.Uri[]): Output {
  if (inputs.some((input) => input.toString() === uri.toString())) {
    throw new Error(
      `${noticeName(fileName(uri))} is read here and never written to. Choose another name.`,
    );
  }
  const parts: Uint8Array[] = [];
  const temporary = uri.with({ path: `${uri.path}.${crypto.randomUUID()}.part` });
  let begun = false;
  return {
    async write(bytes) {
      parts.push(bytes);
    },
    async finish() {
      begun = true;
      await vscode.workspace.fs.writeFile(temporary, joinedBytes(parts));
      await vscode.workspace.fs.rename(temporary, uri, { overwrite: true });
      begun = false;
    },
    async abandon() {
      if (begun) {
        await vscode.workspace.fs.delete(temporary);
      }
    },
  };
}
