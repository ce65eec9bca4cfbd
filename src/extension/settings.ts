import * as vscode from 'vscode';
import type { GoToCodeCause } from '../session/viewProtocol.js';

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

/**
 * How traces are opened: `unpackLimit`, bytes that packed files may unpack to unasked, and whether SQL shows
 * what is private. Both settings are the user's: a workspace, which may hold the zip bomb, cannot set them.
 */
export function openingWishes(): { unpackLimit?: number; privateValues: boolean } {
  const settings = vscode.workspace.getConfiguration('layerscope');
  const gib = settings.get('unpackedSizeLimit');
  return {
    ...(typeof gib === 'number' && gib > 0 ? { unpackLimit: gib * 2 ** 30 } : {}),
    privateValues: settings.get('privateValues') === 'show',
  };
}

/**
 * Rules that come before the built-in ones, as JSON; undefined where there are none. As text, because
 * the editor gives a live object that cannot be handed to a worker.
 */
export function ownRulesSetting(uri: vscode.Uri): string | undefined {
  const value: unknown = vscode.workspace.getConfiguration('layerscope', uri).get('rules');
  const text = JSON.stringify(value ?? {});
  return text === '{}' ? undefined : text;
}

/** Whether code opens for `cause`: always when it was asked for, on a click as the user wants it. */
export function opensCode(uri: vscode.Uri, cause: GoToCodeCause): boolean {
  const value = vscode.workspace.getConfiguration('layerscope', uri).get('openCodeOnClick');
  switch (cause) {
    case 'asked':
      return true;
    case 'stall':
      return value !== 'never';
    case 'slice':
      return value !== 'never' && value !== 'stalls';
  }
}
