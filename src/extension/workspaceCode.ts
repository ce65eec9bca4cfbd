import * as vscode from 'vscode';
import type { SourceHint } from '../session/session.js';
import { baseNameGlob, type SourceWorkspace } from './locateSource.js';

/** Finds the lines (from 1) on which the text of a Python file defines what a hint names. */
export type FindDefinitions = (text: string, hint: SourceHint) => Promise<readonly number[]>;

const GENERATED = ['**/node_modules/**', '**/.git/**'];
const INSTALLED = ['**/.venv/**', '**/venv/**', '**/site-packages/**', '**/dist-packages/**'];
/** Model layers and Triton kernels are defined in these; C++ and CUDA have no parser here yet. */
const SOURCES = '**/*.py';
/** Files read in one search for a definition. The largest model repositories have about 3,000. */
const MOST_FILES = 5000;
/** bytes; generated files beyond it define no model layer */
const LARGEST_FILE = 2 * 1024 * 1024;
const READ_AT_ONCE = 16;

/** The files of the open folders. Nothing outside them is looked at. */
export class WorkspaceCode implements SourceWorkspace {
  private readonly uris = new Map<string, vscode.Uri>();
  /** true once a search met more files than it reads */
  searchedPart = false;

  private readonly cancellation = new vscode.CancellationTokenSource();

  /** @param signal ends the search; the methods then throw its reason */
  constructor(
    private readonly findDefinitions: FindDefinitions,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.cancellation.cancel(), { once: true });
  }

  /** The file behind a path that this workspace gave. */
  uri(path: string): vscode.Uri {
    const uri = this.uris.get(path);
    if (uri === undefined) {
      throw new Error(`${path} is not a file of the workspace.`);
    }
    return uri;
  }

  async filesNamed(baseName: string): Promise<readonly string[]> {
    return this.find(baseNameGlob(baseName), GENERATED);
  }

  /** The project's own files first; installed packages only where those have nothing. */
  async filesDefining(hint: SourceHint): Promise<readonly string[]> {
    const definition = `${hint.kind === 'class' ? 'class' : 'def'} ${hint.symbol}`;
    const own = await this.find(SOURCES, [...GENERATED, ...INSTALLED], MOST_FILES);
    const found = await this.holding(definition, own);
    if (found.length > 0) {
      return found;
    }
    const ownFiles = new Set(own);
    const all = await this.find(SOURCES, GENERATED, MOST_FILES);
    return this.holding(
      definition,
      all.filter((path) => !ownFiles.has(path)),
    );
  }

  async definitions(file: string, hint: SourceHint): Promise<readonly number[]> {
    return this.findDefinitions(await this.text(file), hint);
  }

  private async find(glob: string, excluded: readonly string[], most?: number): Promise<string[]> {
    const found = await vscode.workspace.findFiles(
      glob,
      `{${excluded.join(',')}}`,
      most,
      this.cancellation.token,
    );
    if (most !== undefined && found.length >= most) {
      this.searchedPart = true;
    }
    return found.map((uri) => {
      this.uris.set(uri.path, uri);
      return uri.path;
    });
  }

  private async holding(text: string, paths: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (let from = 0; from < paths.length; from += READ_AT_ONCE) {
      this.signal.throwIfAborted();
      const some = paths.slice(from, from + READ_AT_ONCE);
      const texts = await Promise.all(some.map((path) => this.readable(path)));
      found.push(...some.filter((_, i) => texts[i].includes(text)));
    }
    return found.sort();
  }

  /** The text of a file of moderate size; '' for others and for files that went away meanwhile. */
  private async readable(path: string): Promise<string> {
    try {
      const uri = this.uri(path);
      if ((await vscode.workspace.fs.stat(uri)).size > LARGEST_FILE) {
        return '';
      }
      return await this.text(path);
    } catch (error) {
      if (error instanceof vscode.FileSystemError) {
        return '';
      }
      throw error;
    }
  }

  private async text(path: string): Promise<string> {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(this.uri(path)));
  }
}
