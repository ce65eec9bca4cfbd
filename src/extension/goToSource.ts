import * as vscode from 'vscode';
import type { SourceHint } from '../session/session.js';
import {
  describeHint,
  isLocalAbsolutePath,
  locateSource,
  notFoundSentence,
  type Located,
  type MatchPaths,
  type SourcePlace,
} from './locateSource.js';
import { noticeName, noticeText } from './notice.js';
import { WorkspaceCode, type FindDefinitions } from './workspaceCode.js';

/** What the source room brings to the search. */
export interface SourceSearch {
  readonly matchPaths: MatchPaths;
  readonly findDefinitions: FindDefinitions;
}

/** How code is shown. */
export interface GoToManner {
  /** where the trace is shown: code does not cover it */
  readonly traceColumn: vscode.ViewColumn | undefined;
  /** leaves the focus where it is: the code follows a selection */
  readonly keepFocus: boolean;
  /** opens what is certain and says nothing of the rest */
  readonly quiet: boolean;
}

/**
 * Opens the code that the best of `hints` leads to, beside the trace. Only files of the open
 * folders are opened; a recorded path that exists elsewhere on this machine is offered.
 *
 * @param hints best first
 * @param manner how the code is shown
 * @returns '' where an editor opened or the user chose none; else the sentence to show
 */
export async function goToSource(
  hints: readonly SourceHint[],
  search: SourceSearch,
  manner: GoToManner,
  signal: AbortSignal,
): Promise<string> {
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort(), { once: true });
  const code = new WorkspaceCode(search.findDefinitions, stop.signal);
  const located = await cancellableWhenSlow(
    locateSource(hints, code, search.matchPaths, stop.signal),
    stop,
  );
  if (located === undefined) {
    return manner.quiet ? '' : offerElsewhere(hints, manner, code.searchedPart);
  }
  if (manner.quiet && located.places.length > 1) {
    return ''; // a question at every click would be in the way
  }
  const place = await choose(located, code);
  if (place !== undefined) {
    await openPlace(code.uri(place.file), place.line, manner, remarks(located));
  }
  return '';
}

/** Milliseconds after which a search shows itself, with a way to stop it. */
const SLOW = 1500;

async function cancellableWhenSlow<T>(search: Promise<T>, stop: AbortController): Promise<T> {
  const show = () =>
    vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: 'Layerscope: looking for the code in the open folders',
        cancellable: true,
      },
      (_, token) => {
        token.onCancellationRequested(() => stop.abort());
        return search.then(
          () => undefined,
          () => undefined, // whoever waits for the search says what went wrong
        );
      },
    );
  const timer = setTimeout(show, SLOW);
  try {
    return await search;
  } finally {
    clearTimeout(timer);
  }
}

async function choose(located: Located, code: WorkspaceCode): Promise<SourcePlace | undefined> {
  if (located.places.length === 1) {
    return located.places[0];
  }
  const items = located.places.map((place) => {
    const uri = code.uri(place.file);
    return {
      label: vscode.workspace.asRelativePath(uri, true),
      description: place.line > 0 ? `line ${place.line}` : '',
      place,
    };
  });
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Layerscope: several files fit equally well',
    placeHolder: `Recorded as ${noticeName(describeHint(located.hint))}`,
  });
  return chosen?.place;
}

/** What has to be said about a place that is not exactly what the trace recorded. */
function remarks(located: Located): string[] {
  const said: string[] = [];
  const [best] = located.missed;
  if (best !== undefined) {
    said.push(
      `No open folder has ${noticeName(describeHint(best))}. ` +
        `This is the next on the way to it: ${noticeName(describeHint(located.hint))}.`,
    );
  }
  if (located.byNameOnly) {
    said.push(`Found by its file name only: recorded as ${noticeName(located.hint.file)}.`);
  }
  return said;
}

async function openPlace(
  uri: vscode.Uri,
  line: number,
  manner: GoToManner,
  said: readonly string[],
): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const last = lastLine(document);
  const shown = Math.min(Math.max(line, 1), last);
  const position = new vscode.Position(shown - 1, 0);
  const editor = await vscode.window.showTextDocument(document, {
    viewColumn: codeColumn(manner.traceColumn),
    preserveFocus: manner.keepFocus,
    selection: new vscode.Range(position, position),
    preview: true,
  });
  editor.revealRange(
    new vscode.Range(position, position),
    vscode.TextEditorRevealType.InCenterIfOutsideViewport,
  );
  const all = [...said];
  if (line > last) {
    all.push(
      `The trace says line ${line}, but the file has ${last}: it is not the version that was recorded.`,
    );
  }
  if (all.length > 0 && !manner.quiet) {
    void vscode.window.showInformationMessage(`Layerscope: ${all.join(' ')}`);
  }
}

/** Number of the last line with text; VS Code counts an empty one after the last line break. */
function lastLine(document: vscode.TextDocument): number {
  const { lineCount } = document;
  return lineCount > 1 && document.lineAt(lineCount - 1).text === '' ? lineCount - 1 : lineCount;
}

/** The column where code is visible already, else the one beside the trace. */
export function codeColumn(traceColumn: vscode.ViewColumn | undefined): vscode.ViewColumn {
  const visible = vscode.window.visibleTextEditors
    .map((editor) => editor.viewColumn)
    .find((column) => column !== undefined && column !== traceColumn);
  return visible ?? (traceColumn === undefined ? vscode.ViewColumn.Beside : traceColumn + 1);
}

/** Says that nothing was found; where a recorded path exists on this machine, offers to open it. */
async function offerElsewhere(
  hints: readonly SourceHint[],
  manner: GoToManner,
  searchedPart: boolean,
): Promise<string> {
  const folders = vscode.workspace.workspaceFolders?.length ?? 0;
  let sentence = notFoundSentence(hints, folders);
  if (searchedPart) {
    sentence += ' The folders hold more source files than were searched.';
  }
  for (const hint of hints) {
    const uri = await existingFile(hint.file);
    if (uri !== undefined) {
      void askToOpen(uri, hint.line, manner, sentence);
      break;
    }
  }
  return sentence;
}

async function askToOpen(
  uri: vscode.Uri,
  line: number,
  manner: GoToManner,
  sentence: string,
): Promise<void> {
  const open = `Open ${noticeName(uri.fsPath)} outside the workspace`;
  const answer = await vscode.window.showInformationMessage(
    `Layerscope: ${noticeText(sentence)}`,
    open,
  );
  if (answer === open) {
    await openPlace(uri, line, manner, []);
  }
}

/** The recorded file where it exists on the machine whose files VS Code works on. */
async function existingFile(path: string): Promise<vscode.Uri | undefined> {
  if (!isLocalAbsolutePath(path)) {
    return undefined;
  }
  const uri = vscode.Uri.file(path);
  try {
    const { type } = await vscode.workspace.fs.stat(uri);
    return (type & vscode.FileType.File) === 0 ? undefined : uri;
  } catch (error) {
    if (error instanceof vscode.FileSystemError) {
      return undefined; // not on this machine: the usual case
    }
    throw error;
  }
}
