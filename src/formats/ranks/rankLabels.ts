import type { Rank, Trace, Warning } from '../../trace/index.js';
import { apartNames, fileName, listed } from './fileNames.js';

/**
 * The databases of an Ingero cluster without rank numbers are those of its nodes, which are told apart
 * by number: the names of hosts in them are private.
 */
export function numberedNodes(ranks: readonly Rank[], format: Trace['format']): readonly Rank[] {
  let node = 0;
  return format !== 'ingero'
    ? ranks
    : ranks.map((rank) => (rank.rank >= 0 ? rank : { ...rank, label: `node ${++node}` }));
}

/**
 * Ranks with the same label get the name of their file, where that does not help its path.
 * @param isRepeated whether files of one rank are recordings of it, one after another
 */
export function namedApart(
  ranks: readonly Rank[],
  isRepeated: boolean,
  warnings: Warning[],
): Rank[] {
  const plain = ranks.map(withoutFile);
  const twice = new Set(
    ranks.map((rank) => rank.rank).filter((rank, i, all) => rank >= 0 && all.indexOf(rank) !== i),
  );
  for (const rank of twice) {
    const paths = ranks.filter((r) => r.rank === rank).map(({ path }) => path);
    warnings.push({
      code: isRepeated ? 'repeated-recording' : 'duplicate-rank',
      message: isRepeated
        ? `rank ${rank} was recorded ${paths.length} times, one after another (${listed(apartNames(paths))}): each file is shown by itself, and collectives of different recordings are not compared.`
        : `${paths.length} files state that they are rank ${rank} (${listed(apartNames(paths))}); all are kept.`,
      rows: 0,
    });
  }
  return plain.map((rank) => {
    const same = plain.filter((other) => other.label === rank.label).map(({ path }) => path);
    const isTold = !twice.has(rank.rank) && same.length === 1;
    return isTold
      ? rank
      : { ...rank, label: `${rank.label} (${apartNames(same)[same.indexOf(rank.path)]})` };
  });
}

/** A rank of an import that was told apart by its file before. */
function withoutFile(rank: Rank): Rank {
  const suffix = [fileName(rank.path), rank.path].find((file) => rank.label.endsWith(` (${file})`));
  return suffix === undefined
    ? rank
    : { ...rank, label: rank.label.slice(0, -` (${suffix})`.length) };
}
