import * as vscode from 'vscode';
import { ruleFile, withRuleFor, type TextWithSelection } from '../layers/ruleDraft.js';
import { codeColumn } from './goToSource.js';

/** Where a workspace keeps its own rules. */
const FOLDER = '.layerscope';
const FILE = 'layers.json';

/**
 * Opens a rule for a kernel with the cursor on the layer type that is to be filled in: in the rule file
 * of the workspace, which is made where there is none, else in an untitled document.
 *
 * @param trace the trace the kernel is of: its workspace folder is meant
 * @param traceColumn where the trace is shown: the rule does not cover it
 * @returns the sentence to show; '' where the open editor says it all
 */
export async function makeRule(
  kernel: string,
  trace: vscode.Uri,
  traceColumn: vscode.ViewColumn | undefined,
): Promise<string> {
  const column = codeColumn(traceColumn);
  const folder =
    vscode.workspace.getWorkspaceFolder(trace) ?? vscode.workspace.workspaceFolders?.at(0);
  const obstacle = await obstacleTo(folder);
  if (folder === undefined || obstacle !== '') {
    await openUntitled(kernel, column);
    return `${obstacle} The rule is in an untitled document: save it as ${FOLDER}/${FILE}.`;
  }
  const uri = vscode.Uri.joinPath(folder.uri, FOLDER, FILE);
  const existing = await textOf(uri);
  const changed = withRuleFor(existing ?? '', kernel);
  if (changed === undefined) {
    await openUntitled(kernel, column);
    return `${FOLDER}/${FILE} is not JSON that a rule can be put into. The rule is in an untitled document.`;
  }
  if (existing === undefined) {
    try {
      await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(folder.uri, FOLDER));
      await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(changed.text));
    } catch (error) {
      await openUntitled(kernel, column);
      const reason = error instanceof Error ? error.message : String(error);
      return `${FOLDER}/${FILE} cannot be written (${reason}). The rule is in an untitled document.`;
    }
    await show(await vscode.workspace.openTextDocument(uri), changed, column);
    return `${FOLDER}/${FILE} was made. Say there which layer type the kernel belongs to.`;
  }
  // What people wrote is changed in the editor, where they can undo it, and saved by them.
  const document = await vscode.workspace.openTextDocument(uri);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, wholeOf(document), changed.text);
  await vscode.workspace.applyEdit(edit);
  await show(document, changed, column);
  return 'Say which layer type the kernel belongs to, and save the file.';
}

/** Why nothing can be written to the workspace; '' where it can. */
async function obstacleTo(folder: vscode.WorkspaceFolder | undefined): Promise<string> {
  if (folder === undefined) {
    return 'No folder is open that could keep rules.';
  }
  if (!vscode.workspace.isTrusted) {
    return 'This workspace is in restricted mode.';
  }
  return vscode.workspace.fs.isWritableFileSystem(folder.uri.scheme) === false
    ? 'This workspace is read-only.'
    : '';
}

/** The file's text as its open editor has it, else as it lies on disk; undefined where there is none. */
async function textOf(uri: vscode.Uri): Promise<string | undefined> {
  try {
    await vscode.workspace.fs.stat(uri);
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') {
      return undefined;
    }
    throw error;
  }
  return (await vscode.workspace.openTextDocument(uri)).getText();
}

async function openUntitled(kernel: string, column: vscode.ViewColumn): Promise<void> {
  const changed = withRuleFor('', kernel) ?? { text: ruleFile([kernel]), offset: 0, length: 0 };
  const document = await vscode.workspace.openTextDocument({
    language: 'json',
    content: changed.text,
  });
  await show(document, changed, column);
}

async function show(
  document: vscode.TextDocument,
  { offset, length }: TextWithSelection,
  viewColumn: vscode.ViewColumn,
): Promise<void> {
  const selection = new vscode.Range(
    document.positionAt(offset),
    document.positionAt(offset + length),
  );
  await vscode.window.showTextDocument(document, { viewColumn, selection });
}

function wholeOf(document: vscode.TextDocument): vscode.Range {
  return new vscode.Range(
    new vscode.Position(0, 0),
    document.lineAt(document.lineCount - 1).range.end,
  );
}
