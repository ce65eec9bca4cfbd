import type { Rank, Trace, Warning } from '../../trace/index.js';

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
    const paths = ranks.filter((r) => r.rank === rank).map((r) => fileName(r.path));
    warnings.push({
      code: isRepeated ? 'repeated-recording' : 'duplicate-rank',
      message: isRepeated
        ? `rank ${rank} was recorded ${paths.length} times, one after another (${paths.join(', ')}): each file is shown by itself, and collectives of different recordings are not compared.`
        : `${paths.length} files state that they are rank ${rank} (${paths.join(', ')}); all are kept.`,
      rows: 0,
    });
  }
  const byFile = plain.map((rank) =>
    twice.has(rank.rank) ? { ...rank, label: `${rank.label} (${fileName(rank.path)})` } : rank,
  );
  return byFile.map((rank, i) =>
    byFile.some((other, j) => j !== i && other.label === rank.label)
      ? { ...rank, label: `${rank.label} (${rank.path})` }
      : rank,
  );
}

/** A rank of an import that was told apart by its file before. */
function withoutFile(rank: Rank): Rank {
  const suffix = [fileName(rank.path), rank.path].find((file) => rank.label.endsWith(` (${file})`));
  return suffix === undefined
    ? rank
    : { ...rank, label: rank.label.slice(0, -` (${suffix})`.length) };
}

function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
