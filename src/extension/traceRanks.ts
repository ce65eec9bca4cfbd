import { compareNames } from '../formats/ranks/rankOfName.js';

/**
 * Files of the other ranks of one run, told by name. Recorders write one file a rank: PyTorch
 * examples `rank0`, `rank-0`, `rank_0`; SGLang `TP-0`, `TP0`; vLLM `dp0_pp0_tp0_dcp0_ep0_rank0`.
 */

const RANK_WORD =
  /(?<![a-z])((?:world[-_]?)?rank|tp|pp|dp|ep|cp|dcp|pcp)([-_]?)(\d{1,5})(?![0-9a-z])/gi;

/** Nanoseconds, microseconds or milliseconds since 1970, as profilers put them before the suffix. */
const TIME_STAMP = /(?<=\.)\d{13,19}(?=\.)/;

interface RankName {
  /** the name with every rank number replaced */
  readonly pattern: string;
  /** the same, with the time stamp replaced too */
  readonly timelessPattern: string;
  /** "rank=1 tp=1" */
  readonly ranks: string;
}

function rankName(name: string): RankName | undefined {
  const ranks: string[] = [];
  const pattern = name.replace(RANK_WORD, (_, word: string, separator: string, number: string) => {
    ranks.push(number);
    return `${word}${separator}*`;
  });
  return ranks.length === 0
    ? undefined
    : { pattern, timelessPattern: pattern.replace(TIME_STAMP, '*'), ranks: ranks.join(' ') };
}

/**
 * Names among `siblings` that differ from `name` only in their rank numbers, in the order of the
 * numbers, without `name` itself. A time stamp may differ too, provided that the folder holds each
 * rank once: with two runs side by side nobody can tell by name which files belong together.
 */
export function otherRanks(name: string, siblings: readonly string[]): string[] {
  const own = rankName(name);
  if (own === undefined) {
    return [];
  }
  const others = siblings.flatMap((sibling) => {
    const parsed = sibling === name ? undefined : rankName(sibling);
    return parsed === undefined ? [] : [{ sibling, ...parsed }];
  });
  const exact = others.filter((o) => o.pattern === own.pattern);
  const loose = others.filter((o) => o.timelessPattern === own.timelessPattern);
  const seen = new Set([own.ranks, ...loose.map((o) => o.ranks)]);
  const chosen = exact.length > 0 || seen.size !== loose.length + 1 ? exact : loose;
  return inRankOrder(chosen.filter((o) => o.ranks !== own.ranks).map((o) => o.sibling));
}

/** Names of one run, rank 0 first, 2 before 10. */
export function inRankOrder(names: readonly string[]): string[] {
  return [...names].sort(compareNames);
}
