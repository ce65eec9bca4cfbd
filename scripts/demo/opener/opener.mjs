// Opens the demo's trace once its window is up. The workbench's own way of opening a file from the
// address (`payload`) runs before extensions are known, so the trace would open as text.
import * as vscode from 'vscode';

const TRACE_VIEW = 'layerscope.trace';
/** The workbench learns of editors of extensions a moment after it starts the extensions. */
const TRIES = 20;
const PAUSE_MS = 500;

export async function activate() {
  const path = process.env.LAYERSCOPE_DEMO_FILE;
  const isOpen = vscode.window.tabGroups.all.some((group) => group.tabs.length > 0);
  if (path === undefined || isOpen) {
    return;
  }
  for (let tries = 0; tries < TRIES; tries++) {
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(path), TRACE_VIEW, {
      preview: false,
    });
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
    if (tab?.input instanceof vscode.TabInputCustom) {
      return;
    }
    if (tab !== undefined) {
      await vscode.window.tabGroups.close(tab);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
