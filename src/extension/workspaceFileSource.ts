import type { TraceInput } from '../session/engines.js';
import { formatBytes } from '../analysis/format.js';
import { TraceOpenError } from '../trace/index.js';

/**
 * The largest file read through VS Code. Such a file passes through memory whole, once in the
 * extension host and once in the engine.
 */
export const WORKSPACE_FILE_LIMIT = 512 * 1024 * 1024;

/** The part of `vscode.workspace.fs` used here, bound to one file. */
export interface WorkspaceFile {
  /** as shown to people */
  readonly path: string;
  readonly name: string;
  /** bytes; undefined where the file does not exist */
  size(suffix: string): Promise<number | undefined>;
  read(suffix: string): Promise<Uint8Array>;
}

/**
 * A trace's bytes through VS Code's own file access, for files that the engine cannot reach: a
 * virtual workspace, or VS Code in a browser. The write-ahead log of a SQLite file is taken along:
 * without it the newest rows would be missing and nobody would know.
 * @throws TraceOpenError where the file is missing, too large or cannot be read
 */
export async function workspaceInput(
  file: WorkspaceFile,
  limit = WORKSPACE_FILE_LIMIT,
): Promise<TraceInput> {
  const size = await attempt(file, () => file.size(''));
  if (size === undefined) {
    throw new TraceOpenError('not-found', `${file.name} does not exist any more.`);
  }
  const walSize = (await attempt(file, () => file.size('-wal'))) ?? 0;
  if (size + walSize > limit) {
    throw new TraceOpenError(
      'too-large',
      `${file.name} has ${formatBytes(size + walSize)}. Where the file is not on a disk that the ` +
        `extension can read directly, traces up to ${formatBytes(limit)} can be opened. ` +
        'Open its folder on the machine that holds it, with desktop VS Code or Remote-SSH.',
    );
  }
  const bytes = await attempt(file, () => file.read(''));
  const wal = walSize > 0 ? await attempt(file, () => file.read('-wal')) : undefined;
  return {
    path: file.path,
    name: file.name,
    bytes,
    ...(wal === undefined ? {} : { companions: [{ suffix: '-wal', bytes: wal }] }),
  };
}

async function attempt<T>(file: WorkspaceFile, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TraceOpenError('unreadable', `${file.name} cannot be read: ${reason}`);
  }
}
