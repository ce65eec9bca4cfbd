import * as vscode from 'vscode';
import { matchPaths } from '../source/pathMatch.js';
import { definitionLines, loadPythonParser, type SymbolParser } from '../source/symbols.js';
import type { SourceSearch } from './goToSource.js';

/** The source room's ways to find code, with the Python grammar loaded at the first need of it. */
export function sourceSearch(dist: vscode.Uri): SourceSearch {
  const read = async (name: string) =>
    vscode.workspace.fs.readFile(vscode.Uri.joinPath(dist, name));
  const load = async () =>
    loadPythonParser({
      runtime: await read('web-tree-sitter.wasm'),
      grammar: await read('tree-sitter-python.wasm'),
    });
  let parser: Promise<SymbolParser> | undefined;
  return {
    matchPaths,
    async findDefinitions(text, hint) {
      parser ??= load();
      parser.catch(() => (parser = undefined)); // so that the next search tries again
      return definitionLines((await parser).symbols(text), hint);
    },
  };
}
