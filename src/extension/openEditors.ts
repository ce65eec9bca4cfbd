import type { TraceEditor } from './traceEditor.js';
import type * as vscode from 'vscode';

/** The trace editors that are open, the one used last at the end. */
export class OpenEditors {
  private readonly editors: TraceEditor[] = [];

  add(editor: TraceEditor): void {
    this.editors.push(editor);
    editor.panel.onDidChangeViewState(() => {
      if (editor.panel.active) {
        this.moveToEnd(editor);
      }
    });
    editor.panel.onDidDispose(() => this.remove(editor));
  }

  get all(): readonly TraceEditor[] {
    return this.editors;
  }

  /** The editor that has the focus, else the only one there is. */
  get obvious(): TraceEditor | undefined {
    const active = this.editors.find((editor) => editor.panel.active);
    return active ?? (this.editors.length === 1 ? this.editors[0] : undefined);
  }

  /** The editor of a file, the one used last where it has several. */
  of(uri: vscode.Uri): TraceEditor | undefined {
    return this.editors.findLast((editor) => editor.document.uri.toString() === uri.toString());
  }

  private remove(editor: TraceEditor): void {
    const at = this.editors.indexOf(editor);
    if (at >= 0) {
      this.editors.splice(at, 1);
    }
  }

  private moveToEnd(editor: TraceEditor): void {
    this.remove(editor);
    this.editors.push(editor);
  }
}
