import * as vscode from 'vscode';
import type { DecomposeBy } from '../analysis/results.js';
import type { ToView } from '../session/viewProtocol.js';
import { chooseCompanion, chooseModel } from './chooseAttribution.js';
import { chooseRanks } from './chooseRanks.js';
import { exportTrace, saveDatabase, type ExportServices } from './exportTrace.js';
import { noticeName } from './notice.js';
import type { RunMemory } from './runMemory.js';
import { runsToOpen, type RunOfFiles } from './runsToOpen.js';
import type { OpenEditors } from './openEditors.js';
import type { TraceEditor } from './traceEditor.js';
import { fileName } from './traceFiles.js';
import { viewTypeOf, type DeclaredEditor } from './viewTypes.js';

type Show = Extract<ToView, { type: 'show' | 'goToSelected' }>;

const layers = (by: DecomposeBy): Show => ({ type: 'show', view: 'layers', by });

/** Commands that act on an open trace, and what they tell its page. */
const SHOW_COMMANDS: Readonly<Record<string, Show>> = {
  'layerscope.decomposeByLayerType': layers('layer-type'),
  'layerscope.decomposeByLayer': layers('layer'),
  'layerscope.decomposeByKernel': layers('kernel'),
  'layerscope.showStalls': { type: 'show', view: 'stalls' },
  'layerscope.showUnclassified': { type: 'show', view: 'unclassified' },
  // The page answers with the selected call, or with call -1 where none is selected.
  'layerscope.goToLayerCode': { type: 'goToSelected' },
};

/** Commands that ask what an open trace is to be made of, or its layers told by. */
const CHOICE_COMMANDS = {
  'layerscope.chooseRanks': chooseRanks,
  'layerscope.useModelConfiguration': chooseModel,
  'layerscope.useCompanionTrace': chooseCompanion,
} as const;

/** Commands that write an open trace to a file. */
const EXPORT_COMMANDS = {
  'layerscope.exportTrace': exportTrace,
  'layerscope.saveDatabase': saveDatabase,
} as const;

const FILE_FILTERS = {
  'GPU traces': ['db', 'rpd', 'sqlite', 'sqlite3', 'json', 'gz', 'tar', 'tgz'],
  'All files': ['*'],
};

export function registerCommands(
  editors: OpenEditors,
  runs: RunMemory,
  services: ExportServices,
  declared: readonly DeclaredEditor[],
): vscode.Disposable {
  const opener = { editors, runs, declared };
  const show = Object.entries(SHOW_COMMANDS).map(([id, message]) =>
    vscode.commands.registerCommand(id, async (resource?: unknown) => {
      const editor = await targetEditor(opener, resource);
      editor?.show(message);
    }),
  );
  const choose = Object.entries(CHOICE_COMMANDS).map(([id, ask]) =>
    vscode.commands.registerCommand(id, async (resource?: unknown) => {
      const editor = await targetEditor(opener, resource);
      if (editor !== undefined) {
        await ask(editor.document);
      }
    }),
  );
  const write = Object.entries(EXPORT_COMMANDS).map(([id, run]) =>
    vscode.commands.registerCommand(id, async (resource?: unknown) => {
      const editor = await targetEditor(opener, resource);
      if (editor !== undefined) {
        await run(editor.document, services);
      }
    }),
  );
  const open = vscode.commands.registerCommand(
    'layerscope.openAsTrace',
    async (resource?: unknown, selected?: unknown) => {
      for (const run of await runsToOpen(await filesToOpen(resource, selected))) {
        await openRun(run, opener);
      }
    },
  );
  return vscode.Disposable.from(...show, ...choose, ...write, open);
}

/** What opening a trace takes. */
interface Opener {
  readonly editors: OpenEditors;
  readonly runs: RunMemory;
  readonly declared: readonly DeclaredEditor[];
}

/** Opens files as one trace, in the tab of the first. */
async function openRun(
  [first, ...others]: RunOfFiles,
  { editors, runs, declared }: Opener,
): Promise<void> {
  const editor = editors.of(first);
  if (others.length > 0 && editor === undefined) {
    await runs.remember(first.toString(), { files: others.map(String) });
  }
  await openTrace(first, declared);
  if (others.length > 0) {
    await editor?.document.openRun(others);
  }
}

async function openTrace(uri: vscode.Uri, declared: readonly DeclaredEditor[]): Promise<void> {
  const before = vscode.window.tabGroups.activeTabGroup.activeTab;
  await vscode.commands.executeCommand('vscode.openWith', uri, viewTypeOf(fileName(uri), declared));
  // The same file as text in the tab the user was looking at: the trace takes its place.
  if (
    before?.input instanceof vscode.TabInputText &&
    before.input.uri.toString() === uri.toString() &&
    !before.isDirty
  ) {
    await vscode.window.tabGroups.close(before, true);
  }
}

/** The trace a command is about: the active one, the only one, the one chosen, or one opened now. */
async function targetEditor(
  { editors, declared }: Opener,
  resource: unknown,
): Promise<TraceEditor | undefined> {
  // Menus of an editor's title pass its file.
  const named = resource instanceof vscode.Uri ? editors.of(resource) : undefined;
  const obvious = named ?? editors.obvious;
  if (obvious !== undefined) {
    return obvious;
  }
  if (editors.all.length > 1) {
    const chosen = await vscode.window.showQuickPick(
      editors.all.toReversed().map((editor) => ({
        label: noticeName(editor.document.name),
        description: vscode.workspace.asRelativePath(editor.document.uri),
        editor,
      })),
      { title: 'Layerscope', placeHolder: 'Which trace?' },
    );
    return chosen?.editor;
  }
  const [uri] = await askForFiles(false);
  if (uri === undefined) {
    return undefined;
  }
  await openTrace(uri, declared);
  return editors.of(uri);
}

/** The files and folders "Open as GPU Trace" is about: those of the menu, else the active tab's, else asked for. */
async function filesToOpen(resource: unknown, selected: unknown): Promise<readonly vscode.Uri[]> {
  if (Array.isArray(selected)) {
    const uris = selected.filter((item) => item instanceof vscode.Uri);
    if (uris.length > 0) {
      return uris;
    }
  }
  if (resource instanceof vscode.Uri) {
    return [resource];
  }
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (
    (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom) &&
    looksOpenable(input.uri)
  ) {
    return [input.uri];
  }
  return askForFiles(true);
}

/** A tab's file is meant only where it may be a trace; from a Python file the user wants to choose. */
function looksOpenable(uri: vscode.Uri): boolean {
  const name = fileName(uri).toLowerCase();
  return FILE_FILTERS['GPU traces'].some((suffix) => name.endsWith(`.${suffix}`));
}

async function askForFiles(several: boolean): Promise<readonly vscode.Uri[]> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Open as GPU Trace',
    openLabel: 'Open Trace',
    canSelectMany: several,
    filters: FILE_FILTERS,
  });
  return chosen ?? [];
}
