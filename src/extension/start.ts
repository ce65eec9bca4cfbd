import * as vscode from 'vscode';
import { AttributionMemory } from './attributionMemory.js';
import { registerCommands } from './commands.js';
import { goToSource } from './goToSource.js';
import { serveTraceSql } from './languageClient.js';
import { chooseLayer } from './layerCode.js';
import { OpenEditors } from './openEditors.js';
import { OwnRuleFiles } from './ownRuleFiles.js';
import type { Runtime } from './runtime.js';
import { RunMemory } from './runMemory.js';
import { SavedQueryFiles } from './savedQueryFiles.js';
import { sourceSearch } from './sourceSearch.js';
import type { EditorServices } from './traceEditor.js';
import { TRACE_OPTION_VIEW, TRACE_VIEW, TraceEditorProvider } from './traceEditorProvider.js';
import type { DeclaredEditor } from './viewTypes.js';

/** What is read of package.json. */
interface Manifest {
  readonly version: string;
  readonly contributes: { readonly customEditors: readonly DeclaredEditor[] };
}

/** Registers everything the extension offers. No file is read before a trace is opened. */
export function start(context: vscode.ExtensionContext, runtime: Runtime): void {
  const manifest = context.extension.packageJSON as Manifest;
  const log = vscode.window.createOutputChannel('Layerscope', { log: true });
  const dist = vscode.Uri.joinPath(context.extensionUri, 'dist');
  const search = sourceSearch(dist);
  const queries = new SavedQueryFiles(dist, log);
  const ownRules = new OwnRuleFiles(log);
  const services: EditorServices = {
    log,
    attributionMemory: new AttributionMemory(context.workspaceState),
    runMemory: new RunMemory(context.workspaceState),
    ownRules,
    goToCode: (hints, manner, signal) => goToSource(hints, search, manner, signal),
    chooseLayer,
    savedQueries: () => queries.all(),
  };
  const editors = new OpenEditors();
  const provider = new TraceEditorProvider(dist, runtime, editors, services);
  const editor = (viewType: string) =>
    vscode.window.registerCustomEditorProvider(viewType, provider, {
      supportsMultipleEditorsPerDocument: true,
      // A hidden page is thrown away: the trace stays open in the host, and the page keeps where it was.
      webviewOptions: { retainContextWhenHidden: false },
    });
  context.subscriptions.push(
    log,
    ownRules,
    ownRules.onDidChange(() => relabel(editors, log)),
    editor(TRACE_VIEW),
    editor(TRACE_OPTION_VIEW),
    registerCommands(
      editors,
      services.runMemory,
      { runtime, version: manifest.version },
      manifest.contributes.customEditors,
    ),
    serveTraceSql(runtime, log),
  );
}

/** Tells the layers of every open trace anew, by the rules as they are now. */
function relabel(editors: OpenEditors, log: vscode.LogOutputChannel): void {
  for (const document of new Set(editors.all.map((editor) => editor.document))) {
    document.reattribute({}).catch((error: unknown) => {
      log.warn(`${document.name}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
}
