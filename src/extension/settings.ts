import * as vscode from 'vscode';

/** Every setting of the extension; `package.json` describes them to people. */

export type OpenRanksTogether = 'ask' | 'always' | 'never';

/** What to do where the other ranks of a run lie beside the opened file. */
export function openRanksTogether(uri: vscode.Uri): OpenRanksTogether {
  const value = vscode.workspace.getConfiguration('layerscope', uri).get('openRanksTogether');
  return value === 'always' || value === 'never' ? value : 'ask';
}

/** How many times its layer type's median a call must take to count as a stall. */
export function stallFactor(uri: vscode.Uri): number | undefined {
  const value = vscode.workspace.getConfiguration('layerscope', uri).get('stalls.factor');
  return typeof value === 'number' && value > 1 ? value : undefined;
}
