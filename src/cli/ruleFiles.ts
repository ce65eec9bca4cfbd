import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { RuleSource } from '../layers/ownRules.js';
import { UsageError } from './exitCodes.js';

/** Where a folder keeps rules of its own. */
const RULE_FILE = join('.layerscope', 'layers.json');

/**
 * Rules for a trace: the files a command line names, in its order, then `.layerscope/layers.json` of the
 * trace's folder and those above it, up to the working directory; the nearest comes first.
 *
 * @param named files of `--rules`
 * @param trace the trace's path
 * @throws UsageError where a named file cannot be read or is no JSON
 */
export async function ruleSources(
  named: readonly string[],
  trace: string,
  workingDirectory: string,
): Promise<{ readonly sources: readonly RuleSource[]; readonly found: readonly string[] }> {
  const given = await Promise.all(named.map(namedFile));
  const known = new Set(named.map((path) => resolve(workingDirectory, path)));
  const found: RuleSource[] = [];
  for (const folder of foldersAbove(dirname(resolve(workingDirectory, trace)), workingDirectory)) {
    const path = join(folder, RULE_FILE);
    const text = known.has(path) ? undefined : await textIfThere(path);
    if (text !== undefined) {
      const shorter = relative(workingDirectory, path);
      found.push({ origin: shorter.startsWith('..') ? path : shorter, text });
    }
  }
  return { sources: [...given, ...found], found: found.map(({ origin }) => origin) };
}

async function namedFile(path: string): Promise<RuleSource> {
  try {
    const text = await readFile(path, 'utf8');
    JSON.parse(text);
    return { origin: path, text };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      error instanceof SyntaxError
        ? `The rules '${path}' are not JSON: ${reason}`
        : `The rules '${path}' cannot be read: ${reason}`,
    );
  }
}

/** `folder` and those that hold it up to `top`; only itself where `top` does not hold it. */
function foldersAbove(folder: string, top: string): readonly string[] {
  const isInside = folder === top || folder.startsWith(top.endsWith(sep) ? top : `${top}${sep}`);
  const folders = [folder];
  for (let at = folder; isInside && at !== top;) {
    at = dirname(at);
    folders.push(at);
  }
  return folders;
}

async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return undefined;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The rules '${path}' cannot be read: ${reason}`);
  }
}
