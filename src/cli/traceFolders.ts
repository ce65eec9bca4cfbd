import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TraceOpenError } from '../trace/index.js';

const TRACE_FILE = /\.(db|db3|rpd|sqlite3?|json|json\.gz|tar|tar\.gz|tgz)$/i;
/** Configurations and rules that lie beside traces, and are none. */
const NO_TRACE = /(^|\.)(config|layers|model|package|settings)\.json$/i;

/**
 * The trace files a command line names: a folder stands for those directly in it, by name. What they
 * hold decides later whether they are ranks of one run.
 *
 * @throws TraceOpenError for a folder without any
 */
export async function traceFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await isFolder(path))) {
      files.push(path);
      continue;
    }
    const inside = (await readdir(path)).filter(
      (name) => TRACE_FILE.test(name) && !NO_TRACE.test(name),
    );
    if (inside.length === 0) {
      throw new TraceOpenError(
        'not-found',
        `The folder ${path} holds no trace (.json, .json.gz, .db, .sqlite, .rpd, .tar).`,
      );
    }
    files.push(...inside.sort().map((name) => join(path, name)));
  }
  return files;
}

/** What does not exist is no folder: opening it says why. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
