import * as vscode from 'vscode';
import type { AttributionChoice } from './attributionMemory.js';
import { modelFiles, readModelFile } from './modelFiles.js';
import { noticeName, noticeText } from './notice.js';
import type { TraceDocument } from './traceDocument.js';
import { fileName, filesBeside, tracePath } from './traceFiles.js';

/** One entry of a list to choose from: files, a dialog for other files, or none. */
type Entry = vscode.QuickPickItem & { readonly choose?: 'browse' | readonly vscode.Uri[] };

const BROWSE: Entry = { label: '$(folder-opened) Browse…', choose: 'browse' };
const TRACES = '**/*.{db,rpd,sqlite,sqlite3,pt.trace.json,json.gz}';
const TRACE_NAME = /\.(db|rpd|sqlite3?|pt\.trace\.json|json\.gz)$/i;
const EXCLUDED = '{**/node_modules/**,**/.git/**}';
const MOST_TRACES = 200;

/** Lets the user choose the configuration of a trace's model, and labels the trace anew by it. */
export async function chooseModel(document: TraceDocument): Promise<void> {
  const { choice } = document.attribution;
  const { state } = document.trace;
  const inUse = state.kind === 'opened' ? state.summary.attribution.model?.path : undefined;
  const entries = modelFiles(document.uri).then((files): Entry[] => [
    ...files.map(({ uri, family, layers }) => ({
      ...entryOf(uri, tracePath(uri) === inUse),
      description: `${noticeName(family)}, ${layers} ${layers === 1 ? 'layer' : 'layers'}`,
    })),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    BROWSE,
    { ...noneOf(choice.model === null), detail: 'Tell layers without a model configuration.' },
  ]);
  const chosen = await vscode.window.showQuickPick(entries, {
    title: `Model Configuration for ${noticeName(document.name)}`,
    placeHolder: 'A config.json, or .layerscope/model.json',
    matchOnDescription: true,
  });
  const uris = await urisOf(chosen, {
    title: 'Model Configuration',
    openLabel: 'Use Configuration',
    canSelectMany: false,
    filters: { 'Model configurations': ['json'] },
  });
  if (uris === undefined) {
    return;
  }
  const [model] = uris;
  if (model !== undefined) {
    try {
      await readModelFile(model);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      void vscode.window.showErrorMessage(
        `Layerscope: ${noticeName(fileName(model))} is no model configuration. ${noticeText(reason)}`,
      );
      return;
    }
  }
  await apply(document, { ...choice, model: model?.toString() ?? null });
}

/** Lets the user choose a trace of the same model that knows more, and labels the trace by it. */
export async function chooseCompanion(document: TraceDocument): Promise<void> {
  const { choice } = document.attribution;
  const entries = tracesFor(document).then((uris): Entry[] => [
    ...uris.map((uri) => entryOf(uri, choice.companion?.includes(uri.toString()) === true)),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    BROWSE,
    { ...noneOf(choice.companion === null), detail: 'Tell layers without a companion trace.' },
  ]);
  const chosen = await vscode.window.showQuickPick(entries, {
    title: `Companion Trace for ${noticeName(document.name)}`,
    placeHolder: 'A trace of the same model with modules or Python stacks',
    matchOnDescription: true,
  });
  const uris = await urisOf(chosen, {
    title: 'Companion Trace',
    openLabel: 'Use Companion',
    canSelectMany: true,
    filters: {
      'GPU traces': ['db', 'rpd', 'sqlite', 'sqlite3', 'json', 'gz'],
      'All files': ['*'],
    },
  });
  if (uris !== undefined) {
    const companion = uris.length === 0 ? null : uris.map((uri) => uri.toString());
    await apply(document, { ...choice, companion });
  }
}

/** The files of a choice; none = "None"; undefined = nothing was chosen. */
async function urisOf(
  chosen: Entry | undefined,
  dialog: vscode.OpenDialogOptions,
): Promise<readonly vscode.Uri[] | undefined> {
  return chosen?.choose === 'browse' ? vscode.window.showOpenDialog(dialog) : chosen?.choose;
}

function entryOf(uri: vscode.Uri, inUse: boolean): Entry {
  const icon = inUse ? '$(check) ' : '';
  return {
    label: `${icon}${noticeName(vscode.workspace.asRelativePath(uri))}`,
    choose: [uri],
  };
}

function noneOf(inUse: boolean): Entry {
  return { label: `${inUse ? '$(check)' : '$(circle-slash)'} None`, choose: [] };
}

/** Other traces: those of the same folder, then those of the open folders. */
async function tracesFor(document: TraceDocument): Promise<vscode.Uri[]> {
  const [inFolder, inWorkspace] = await Promise.all([
    filesBeside(document.uri),
    vscode.workspace.findFiles(TRACES, EXCLUDED, MOST_TRACES),
  ]);
  const near = inFolder.filter((uri) => TRACE_NAME.test(fileName(uri)));
  const byPath = (a: vscode.Uri, b: vscode.Uri) => a.path.localeCompare(b.path, 'en');
  const all = [...near.sort(byPath), ...inWorkspace.sort(byPath)];
  const distinct = new Map(all.map((uri) => [uri.toString(), uri]));
  return [...distinct.values()].filter((uri) => !document.trace.files.includes(tracePath(uri)));
}

/** Labels the trace by a choice and remembers it; a choice that was cancelled or failed is not kept. */
async function apply(document: TraceDocument, choice: AttributionChoice): Promise<void> {
  const { attribution } = document;
  const before = attribution.choice;
  await attribution.remember(choice);
  try {
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Telling the layers of ${noticeName(document.name)}`,
        cancellable: true,
      },
      async (progress, token) => {
        const cancel = new AbortController();
        token.onCancellationRequested(() => cancel.abort());
        await document.reattribute({
          signal: cancel.signal,
          progress: ({ stage }) => progress.report({ message: noticeText(stage) }),
        });
        if (cancel.signal.aborted) {
          await attribution.remember(before);
        }
      },
    );
  } catch (error) {
    await attribution.remember(before);
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(
      `Layerscope: the layers of ${noticeName(document.name)} are as before. ${noticeText(reason)}`,
    );
  }
}
