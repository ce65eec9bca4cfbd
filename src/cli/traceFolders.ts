import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { recordingNamed } from '../formats/lookalikes.js';
import { printable } from '../formats/printable.js';
import { listed, NAMED } from '../formats/ranks/fileNames.js';
import { compareNames } from '../formats/ranks/rankOfName.js';
import {
  foldersWithTraces,
  isPackedOtherwise,
  mayBeTrace,
} from '../formats/ranks/traceFileNames.js';
import { TraceOpenError } from '../trace/index.js';

/** Characters of a path that a sentence quotes. */
const LONGEST_PATH = 300;

/** The trace files a command line names. */
export interface GivenTraces {
  readonly paths: readonly string[];
  /** those of them that lay in a folder: what is no trace among them is left out */
  readonly found: readonly string[];
  /** what of a folder was not looked into, and looks as if it were part of the run; sentences */
  readonly notes: readonly string[];
}

/**
 * The trace files a command line names: a folder stands for those directly in it, a pattern
 * ("run/*.json.gz") for the files it matches, both by name. What they hold decides later whether they
 * are ranks of one run. Folders that a pattern begins with and that exist are names, whatever they hold
 * ("run [1] (x)/*.json").
 *
 * @throws TraceOpenError for a folder without any, or a pattern that matches none
 */
export async function traceFiles(given: readonly string[]): Promise<GivenTraces> {
  const paths: string[] = [];
  const found: string[] = [];
  const notes: string[] = [];
  for (const path of given) {
    const kind = await kindOf(path);
    if (kind === 'folder') {
      const folder = await filesOf(path);
      if (folder.traces.length === 0) {
        const nothing = `The folder ${printable(path, LONGEST_PATH)} holds no trace (.json, .json.gz, .db, .sqlite, .rpd, .tar).`;
        throw new TraceOpenError('not-found', [nothing, ...folder.notes].join(' '));
      }
      const inside = folder.traces.map((name) => join(path, name));
      found.push(...inside);
      paths.push(...inside);
      notes.push(...folder.notes);
    } else if (kind === undefined) {
      const matches = await filesMatching(path);
      if (matches.length === 0) {
        throw new TraceOpenError('not-found', `No file matches ${printable(path, LONGEST_PATH)}.`);
      }
      paths.push(...matches);
    } else {
      paths.push(path);
    }
  }
  return { paths: [...new Set(paths)], found, notes };
}

/** What a folder holds by the names in it. */
async function filesOf(
  path: string,
): Promise<{ readonly traces: readonly string[]; readonly notes: readonly string[] }> {
  const entries = await readdir(path, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const holding = await foldersWithTraces(folders, (name) => namesIn(join(path, name)));
  const shown = printable(path, LONGEST_PATH);
  const packed = names.filter(isPackedOtherwise);
  const others = names.flatMap((name) => {
    const kind = recordingNamed(name);
    return kind === undefined ? [] : [`${printable(name)} is ${kind.what}. ${kind.advice}`];
  });
  return {
    traces: names.filter(mayBeTrace).sort(compareNames),
    notes: [
      ...(holding.length === 0
        ? []
        : [
            `Folders within a folder are not looked into: ${listed(holding)} in ${shown} ${holding.length === 1 ? 'holds' : 'hold'} files that may be traces. Name ${holding.length === 1 ? 'it' : 'them'}, or say a pattern such as "${printable(join(path, '*', '*.json'), LONGEST_PATH)}".`,
          ]),
      ...(packed.length === 0
        ? []
        : [
            `Not read in ${shown}, for gzip is the only packing that is: ${listed(packed)}. Unpack ${packed.length === 1 ? 'it' : 'them'} first.`,
          ]),
      ...others.slice(0, NAMED),
    ],
  };
}

/** Nothing where the folder may not be read: it was only looked at to tell of it. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** The files a pattern matches, by name, under paths as the pattern begins; what is no pattern is a file. */
async function filesMatching(pattern: string): Promise<readonly string[]> {
  const parts = pattern.split(sep === '\\' ? /[\\/]/ : '/');
  let names = 0;
  while (
    names < parts.length - 1 &&
    (await kindOf(parts.slice(0, names + 1).join(sep) || sep)) === 'folder'
  ) {
    names++;
  }
  const folder = parts.slice(0, names).join(sep) || (names > 0 ? sep : '');
  const rest = parts.slice(names).join('/');
  if (!isDynamicPattern(rest)) {
    return [pattern];
  }
  const matches = await glob(
    // In front of the others "!" says what is left out; of a file's own name it is a letter.
    names > 0 && rest.startsWith('!') ? `\\${rest}` : rest,
    {
      ...(folder === '' ? {} : { cwd: folder }),
      expandDirectories: false,
      dot: true,
    },
  );
  return matches.map((match) => (folder === '' ? match : join(folder, match))).sort(compareNames);
}

/** undefined for what does not exist: opening it says why, unless it is a pattern. */
async function kindOf(path: string): Promise<'folder' | 'file' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
