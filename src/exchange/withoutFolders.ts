import type { AttributionBasis, Trace } from '../trace/index.js';

/**
 * Takes the folders of files off texts: they name users, machines and projects, and are nobody's business
 * who gets an export. Files of one trace keep what tells them apart below their common folder.
 */
export function withoutFolders(trace: Trace, basis: AttributionBasis): (text: string) => string {
  const paths = [...trace.files.map(({ path }) => path), ...trace.ranks.map(({ path }) => path)];
  const shared = commonFolder(paths.filter(hasFolder));
  const shorter = new Map<string, string>();
  for (const path of [basis.model?.path ?? '', ...basis.rules].filter(hasFolder)) {
    shorter.set(path, path.slice(folderLength(path)));
  }
  for (const path of paths.filter(hasFolder)) {
    shorter.set(path, path.slice(shared));
  }
  // A path may be the beginning of another one.
  const longestFirst = [...shorter].sort(([a], [b]) => b.length - a.length);
  return (text) => longestFirst.reduce((left, [path, name]) => left.replaceAll(path, name), text);
}

/** The basis with the names of files only. */
export function basisWithoutFolders(
  basis: AttributionBasis,
  shorten: (text: string) => string,
): AttributionBasis {
  const { model, companion, rules, problems, kept } = basis;
  return {
    model: model === null ? null : { ...model, path: shorten(model.path) },
    companion: companion.map(shorten),
    rules: rules.map(shorten),
    problems: problems.map(({ input, sentence }) => ({ input, sentence: shorten(sentence) })),
    ...(kept === undefined ? {} : { kept }),
  };
}

function hasFolder(path: string): boolean {
  return folderLength(path) > 0;
}

function folderLength(path: string): number {
  return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
}

/** Characters of the folder that holds all files. */
function commonFolder(paths: readonly string[]): number {
  const [first = '', ...others] = paths;
  let length = folderLength(first);
  while (length > 0 && !others.every((path) => path.startsWith(first.slice(0, length)))) {
    length = folderLength(first.slice(0, length - 1));
  }
  return length;
}
