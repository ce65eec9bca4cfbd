// Opens the demo's trace once its window is up. The workbench's own way of opening a file from the
// address (`payload`) runs before extensions are known, so the trace would open as text.
import * as vscode from 'vscode';

export async function activate() {
  const path = process.env.LAYERSCOPE_DEMO_FILE;
  const isOpen = vscode.window.tabGroups.all.some((group) => group.tabs.length > 0);
  if (path !== undefined && !isOpen) {
    await vscode.commands.executeCommand(
      'vscode.openWith',
      vscode.Uri.file(path),
      'layerscope.trace',
      { preview: false },
    );
  }
}
