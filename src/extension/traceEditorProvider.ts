import * as vscode from 'vscode';
import type { OpenEditors } from './openEditors.js';
import type { Runtime } from './runtime.js';
import { TraceDocument } from './traceDocument.js';
import { TraceEditor, type EditorServices } from './traceEditor.js';
import { traceHtml } from './traceHtml.js';

/** Opens by itself for suffixes that are mostly traces. */
export const TRACE_VIEW = 'layerscope.trace';
/** Offered for suffixes that mostly are something else. */
export const TRACE_OPTION_VIEW = 'layerscope.traceOption';

/** Makes trace documents and the editors that show them; one provider for both view types. */
export class TraceEditorProvider implements vscode.CustomReadonlyEditorProvider<TraceDocument> {
  constructor(
    private readonly dist: vscode.Uri,
    private readonly runtime: Runtime,
    private readonly editors: OpenEditors,
    private readonly services: EditorServices,
  ) {}

  /** Reads nothing yet: the page shows the progress of opening, so it has to be there first. */
  openCustomDocument(uri: vscode.Uri): TraceDocument {
    const { log, attributionMemory, runMemory, ownRules } = this.services;
    return new TraceDocument(uri, this.runtime, log, attributionMemory, runMemory, ownRules);
  }

  resolveCustomEditor(document: TraceDocument, panel: vscode.WebviewPanel): void {
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [this.dist] };
    this.editors.add(new TraceEditor(document, panel, this.services));
    const address = (...path: string[]) =>
      webview.asWebviewUri(vscode.Uri.joinPath(this.dist, 'webview', ...path)).toString();
    webview.html = traceHtml({
      script: address('main.js'),
      styles: [address('main.css')],
      source: webview.cspSource,
      nonce: crypto.randomUUID().replace(/-/g, ''),
    });
  }
}
