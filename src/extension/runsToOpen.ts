import * as vscode from 'vscode';
import { listed } from '../formats/ranks/fileNames.js';
import { compareNames } from '../formats/ranks/rankOfName.js';
import { noticeName, noticeText } from './notice.js';
import { fileName, foldersToOpenIn, isFolder, traceFilesIn } from './traceFiles.js';
import { otherRanks } from './traceRanks.js';

/** Files that are opened as one trace; the first is the one whose tab it is. */
export type RunOfFiles = readonly [vscode.Uri, ...vscode.Uri[]];

/**
 * The traces that files and folders stand for: the files of a folder are one run. Several files are one
 * run where their names say so; else the user is asked.
 */
export async function runsToOpen(uris: readonly vscode.Uri[]): Promise<readonly RunOfFiles[]> {
  const runs: RunOfFiles[] = [];
  const files: vscode.Uri[] = [];
  for (const uri of uris) {
    if (!(await isFolder(uri))) {
      files.push(uri);
      continue;
    }
    const [first, ...others] = await traceFilesIn(uri);
    if (first === undefined) {
      const inside = await foldersToOpenIn(uri);
      void vscode.window.showErrorMessage(
        `Layerscope: the folder ${noticeName(fileName(uri))} holds no trace (.json, .json.gz, .db, .sqlite, .rpd, .tar).` +
          (inside.length === 0
            ? ''
            : ` Folders in it are not looked into: open ${noticeText(listed(inside))} ${inside.length === 1 ? 'itself' : 'themselves'}.`),
      );
    } else {
      runs.push([first, ...others]);
    }
  }
  const [first, ...others] = files.sort((a, b) => compareNames(fileName(a), fileName(b)));
  if (first !== undefined) {
    const together = others.length === 0 || areRanks(first, others) || (await isOneTrace(files));
    if (together === undefined) {
      return [];
    }
    runs.push(...(together ? [[first, ...others] as const] : files.map((file) => [file] as const)));
  }
  return runs;
}

function areRanks(first: vscode.Uri, others: readonly vscode.Uri[]): boolean {
  const ranks = otherRanks(fileName(first), others.map(fileName));
  return others.every((other) => ranks.includes(fileName(other)));
}

/** undefined where the user chose neither. */
async function isOneTrace(files: readonly vscode.Uri[]): Promise<boolean | undefined> {
  const chosen = await vscode.window.showQuickPick(
    [
      { label: `One trace of ${files.length} ranks`, together: true },
      { label: `${files.length} separate traces`, together: false },
    ],
    { title: 'Open as GPU Trace', placeHolder: 'How are these files to be opened?' },
  );
  return chosen?.together;
}
