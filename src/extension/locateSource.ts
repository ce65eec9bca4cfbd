import type { SourceHint } from '../session/session.js';

/** A line of a file that is open in the workspace. */
export interface SourcePlace {
  /** path of the file, as `SourceWorkspace` gave it */
  readonly file: string;
  /** from 1; 0 where the hint has none and no definition was found */
  readonly line: number;
}

/** The files of the open folders, without VS Code. Paths have '/' between their segments. */
export interface SourceWorkspace {
  /** every file of this base name */
  filesNamed(baseName: string): Promise<readonly string[]>;
  /** files whose text holds what a definition of the hint's symbol begins with */
  filesDefining(hint: SourceHint): Promise<readonly string[]>;
  /** lines (from 1) of the definitions of a symbol in a file */
  definitions(file: string, hint: SourceHint): Promise<readonly number[]>;
}

/** `matchPaths` of the source room: candidates with the longest common suffix of segments. */
export type MatchPaths = (sought: string, candidates: readonly string[]) => string[];

export interface Located {
  readonly hint: SourceHint;
  /** equally good; more than one has to be chosen from */
  readonly places: readonly SourcePlace[];
  /** true where nothing but the file's base name spoke for it */
  readonly byNameOnly: boolean;
  /** stronger hints that no open folder has */
  readonly missed: readonly SourceHint[];
}

/**
 * The best hint that leads into the open folders, or undefined. Hints are tried in their order: a
 * frame by its path, a class or kernel by its definition.
 */
export async function locateSource(
  hints: readonly SourceHint[],
  workspace: SourceWorkspace,
  matchPaths: MatchPaths,
  signal: AbortSignal,
): Promise<Located | undefined> {
  const missed: SourceHint[] = [];
  for (const hint of hints) {
    signal.throwIfAborted();
    const located =
      hint.file === ''
        ? await byDefinition(hint, workspace, signal)
        : await byPath(hint, workspace, matchPaths);
    if (located.places.length > 0) {
      return { hint, ...located, missed };
    }
    missed.push(hint);
  }
  return undefined;
}

interface Places {
  readonly places: readonly SourcePlace[];
  readonly byNameOnly: boolean;
}

async function byPath(
  hint: SourceHint,
  workspace: SourceWorkspace,
  matchPaths: MatchPaths,
): Promise<Places> {
  const segments = pathSegments(hint.file);
  const baseName = segments.at(-1);
  if (baseName === undefined) {
    return { places: [], byNameOnly: false };
  }
  const candidates = await workspace.filesNamed(baseName);
  const matches = matchPaths(hint.file, candidates);
  const byNameOnly =
    segments.length > 1 && matches.every((match) => pathSegments(match).at(-2) !== segments.at(-2));
  const places: SourcePlace[] = [];
  for (const file of matches) {
    const lines =
      hint.line > 0 || hint.symbol === '' ? [hint.line] : await workspace.definitions(file, hint);
    places.push({ file, line: lines[0] ?? 0 });
  }
  return { places, byNameOnly };
}

async function byDefinition(
  hint: SourceHint,
  workspace: SourceWorkspace,
  signal: AbortSignal,
): Promise<Places> {
  const places: SourcePlace[] = [];
  if (hint.symbol !== '') {
    for (const file of await workspace.filesDefining(hint)) {
      signal.throwIfAborted();
      for (const line of await workspace.definitions(file, hint)) {
        places.push({ file, line });
      }
    }
  }
  return { places, byNameOnly: false };
}

/** Segments of a path from any machine: both separators count, a drive is a segment. */
export function pathSegments(path: string): string[] {
  return path.split(/[\\/]+/).filter((segment) => segment !== '' && segment !== '.');
}

/**
 * A glob that finds files of this base name. Characters with a meaning in globs are replaced by '?',
 * so that a name from a trace cannot widen the search; `matchPaths` drops what '?' let in.
 */
export function baseNameGlob(baseName: string): string {
  return `**/${baseName.replace(/[*?[\]{}!,\\/]/g, '?')}`;
}

/**
 * Whether a recorded path may be looked up on this machine: absolute, without '..', and on a local
 * disk. A network path (`\\server\share`) is never touched: the mere look would sign in to a server
 * that the trace names.
 */
export function isLocalAbsolutePath(path: string): boolean {
  if (pathSegments(path).includes('..') || /^[\\/]{2}/.test(path)) {
    return false;
  }
  return path.startsWith('/') || /^[a-z]:[\\/]/i.test(path);
}

/** "modeling_x.py, line 812 (forward)"; "the definition of class MambaMixer". */
export function describeHint(hint: SourceHint): string {
  if (hint.file === '') {
    return `the definition of ${hint.kind === 'frame' ? 'function' : hint.kind} ${hint.symbol}`;
  }
  const line = hint.line > 0 ? `, line ${hint.line}` : '';
  return `${hint.file}${line}${hint.symbol === '' ? '' : ` (${hint.symbol})`}`;
}

/** What the user reads where no hint leads into the open folders. */
export function notFoundSentence(hints: readonly SourceHint[], openFolders: number): string {
  const [best, ...others] = hints;
  if (best === undefined) {
    return 'The trace does not say which code this call came from: it has no stack, no module and no kernel that is defined in source.';
  }
  const sought = describeHint(best);
  const more = others.length === 0 ? '' : ` (and ${others.length} more of its callers and modules)`;
  if (openFolders > 0 && hints.every((hint) => hint.kind === 'kernel')) {
    return (
      `No open folder has ${sought}. Only Python files are searched, which is where Triton kernels are; ` +
      'the trace has no stack or module that would lead further.'
    );
  }
  return openFolders === 0
    ? `No folder is open to look for ${sought} in${more}. Open the folder that holds the model code.`
    : `No open folder has ${sought}${more}. Add the folder that holds it with File > Add Folder to Workspace.`;
}
