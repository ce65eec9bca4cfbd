import { printable } from '../printable.js';

/** Files named in a sentence. */
export const NAMED = 3;

/** "a.json, b.json, c.json and 3 more" */
export function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return (
    names
      .slice(0, NAMED)
      .map((name) => printable(name))
      .join(', ') + more
  );
}

/** Names of files where they differ, else their paths. */
export function apartNames(paths: readonly string[]): readonly string[] {
  const names = paths.map(fileName);
  return new Set(names).size === names.length ? names : paths;
}

/** A path without its folders, of any system. */
export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
