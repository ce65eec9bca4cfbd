import * as vscode from 'vscode';
import { compareNames } from '../formats/ranks/rankOfName.js';
import { foldersWithTraces, mayBeTrace } from '../formats/ranks/traceFileNames.js';
import type { TraceInput } from '../session/engines.js';
import type { Runtime } from './runtime.js';
import { otherRanks } from './traceRanks.js';
import { workspaceInput } from './workspaceFileSource.js';

/** The path of a trace as the session and the user see it. */
export function tracePath(uri: vscode.Uri): string {
  return uri.scheme === 'file' ? uri.fsPath : uri.toString(true);
}

export function fileName(uri: vscode.Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

/**
 * How the file at `uri` reaches the engine.
 *
 * @param unread it is only to be listed: bytes that would have to be sent are not
 * @throws TraceOpenError
 */
export async function traceInput(
  uri: vscode.Uri,
  runtime: Runtime,
  unread = false,
): Promise<TraceInput> {
  const readable = runtime.readablePath(uri);
  if (readable !== undefined) {
    return { path: readable, name: fileName(uri) };
  }
  if (unread) {
    return { path: tracePath(uri), name: fileName(uri), unread: true };
  }
  const beside = (suffix: string) => uri.with({ path: uri.path + suffix });
  return workspaceInput({
    path: tracePath(uri),
    name: fileName(uri),
    async size(suffix) {
      try {
        return (await vscode.workspace.fs.stat(beside(suffix))).size;
      } catch (error) {
        if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') {
          return undefined;
        }
        throw error;
      }
    },
    read: async (suffix) => vscode.workspace.fs.readFile(beside(suffix)),
  });
}

export async function isFolder(uri: vscode.Uri): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.Directory) !== 0;
  } catch {
    return false; // what does not exist says so when it is opened
  }
}

/** The files directly in a folder that may be traces, by their names and in the order of these. */
export async function traceFilesIn(folder: vscode.Uri): Promise<vscode.Uri[]> {
  return (await filesIn(folder))
    .filter((uri) => mayBeTrace(fileName(uri)))
    .sort((a, b) => compareNames(fileName(a), fileName(b)));
}

/** Names of the folders directly in a folder that hold files that may be traces, by their names. */
export async function foldersToOpenIn(folder: vscode.Uri): Promise<readonly string[]> {
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const folders = entries
    .filter(([, type]) => (type & vscode.FileType.Directory) !== 0)
    .map(([name]) => name);
  return foldersWithTraces(folders, async (name) =>
    // One that may not be read says so when it is opened itself.
    (await filesIn(vscode.Uri.joinPath(folder, name)).catch(() => [])).map(fileName),
  );
}

/** The files of the folder of `uri`, itself among them. */
export async function filesBeside(uri: vscode.Uri): Promise<vscode.Uri[]> {
  return filesIn(vscode.Uri.joinPath(uri, '..'));
}

async function filesIn(folder: vscode.Uri): Promise<vscode.Uri[]> {
  const entries = await vscode.workspace.fs.readDirectory(folder);
  return entries
    .filter(([, type]) => (type & vscode.FileType.File) !== 0)
    .map(([name]) => vscode.Uri.joinPath(folder, name));
}

/** Files beside `uri` that look like the other ranks of its run, by name. */
export async function rankSiblings(uri: vscode.Uri): Promise<vscode.Uri[]> {
  const names = (await filesBeside(uri)).map(fileName);
  return otherRanks(fileName(uri), names).map((sibling) => vscode.Uri.joinPath(uri, '..', sibling));
}
