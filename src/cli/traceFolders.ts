import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { printable } from '../formats/printable.js';
import { compareNames } from '../formats/ranks/rankOfName.js';
import { mayBeTrace } from '../formats/ranks/traceFileNames.js';
import { TraceOpenError } from '../trace/index.js';

/** Characters of a path that a sentence quotes. */
const LONGEST_PATH = 300;

/** The trace files a command line names. */
export interface GivenTraces {
  readonly paths: readonly string[];
  /** those of them that lay in a folder: what is no trace among them is left out */
  readonly found: readonly string[];
}

/**
 * The trace files a command line names: a folder stands for those directly in it, a pattern
 * ("run/*.json.gz") for the files it matches, both by name. What they hold decides later whether they
 * are ranks of one run.
 *
 * @throws TraceOpenError for a folder without any, or a pattern that matches none
 */
export async function traceFiles(given: readonly string[]): Promise<GivenTraces> {
  const paths: string[] = [];
  const found: string[] = [];
  for (const path of given) {
    const kind = await kindOf(path);
    if (kind === 'folder') {
      const inside = (await readdir(path)).filter(mayBeTrace).sort(compareNames);
      if (inside.length === 0) {
        throw new TraceOpenError(
          'not-found',
          `The folder ${printable(path, LONGEST_PATH)} holds no trace (.json, .json.gz, .db, .sqlite, .rpd, .tar).`,
        );
      }
      found.push(...inside.map((name) => join(path, name)));
      paths.push(...inside.map((name) => join(path, name)));
    } else if (kind === undefined && isDynamicPattern(path)) {
      const matches = await glob(path, {
        expandDirectories: false,
        dot: true,
        absolute: isAbsolute(path),
      });
      if (matches.length === 0) {
        throw new TraceOpenError('not-found', `No file matches ${printable(path, LONGEST_PATH)}.`);
      }
      paths.push(...matches.sort(compareNames));
    } else {
      paths.push(path);
    }
  }
  return { paths: [...new Set(paths)], found };
}

/** undefined for what does not exist: opening it says why, unless it is a pattern. */
async function kindOf(path: string): Promise<'folder' | 'file' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
