import { TraceOpenError } from '../../trace/index.js';

/**
 * Which ranks of a run are read. 'few': the file at `first`, else the lowest rank, and the lowest ones
 * as far as they are a few. Plain data.
 */
export type RankChoice =
  | { readonly kind: 'few'; readonly first?: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'numbers'; readonly numbers: readonly number[] }
  | { readonly kind: 'paths'; readonly paths: readonly string[] };

/**
 * What is read of a run unless somebody says otherwise. Eight ranks are the GPUs of one host, the usual
 * tensor-parallel group. A gigabyte of JSON is some 4.5 million events (238 bytes each in
 * nemotron_h_ep2.rank0.stack): ten to twenty seconds of one core, and 125 MB of columns.
 */
export const MOST_RANKS = 8;
const MOST_BYTES = 2 ** 30;
/** PyTorch traces pack to a tenth or less. */
const UNPACKED = 12;

interface RankToChoose {
  readonly path: string;
  /** bytes as stored */
  readonly bytes: number;
  readonly gzip: boolean;
  readonly stated: { readonly rank: number };
}

/**
 * The chosen files, by index, ascending.
 *
 * @param files in order of ranks, at least one
 * @throws TraceOpenError where a number is none of theirs, or no path
 */
export function chosenRanks(files: readonly RankToChoose[], choice: RankChoice): number[] {
  switch (choice.kind) {
    case 'all':
      return [...files.keys()];
    case 'few':
      return few(files, choice.first);
    case 'numbers':
      return numbered(files, choice.numbers);
    case 'paths': {
      const chosen = [...files.keys()].filter((i) => choice.paths.includes(files[i].path));
      if (chosen.length === 0) {
        throw new TraceOpenError('not-found', 'None of the chosen ranks is there any more.');
      }
      return chosen;
    }
  }
}

function few(files: readonly RankToChoose[], first: string | undefined): number[] {
  const asked = files.findIndex(({ path }) => path === first);
  const start = asked < 0 ? 0 : asked;
  const chosen = [start];
  let bytes = costOf(files[start]);
  for (const [i, file] of files.entries()) {
    if (i === start) {
      continue;
    }
    bytes += costOf(file);
    if (chosen.length >= MOST_RANKS || bytes > MOST_BYTES) {
      break; // and no later, smaller one: ranks 0, 1, 2, 7 would surprise
    }
    chosen.push(i);
  }
  return chosen.sort((a, b) => a - b);
}

function costOf({ bytes, gzip }: RankToChoose): number {
  return bytes * (gzip ? UNPACKED : 1);
}

function numbered(files: readonly RankToChoose[], wanted: readonly number[]): number[] {
  const ranks = files.map(({ stated: { rank } }) => rank);
  const missing = wanted.filter((rank) => !ranks.includes(rank));
  if (missing.length > 0 || wanted.length === 0) {
    const stated = ranks.filter((rank) => rank >= 0);
    throw new TraceOpenError(
      'not-found',
      stated.length === 0
        ? `None of the ${files.length} files states a rank: name the files to read instead.`
        : `There is no rank ${missing.slice(0, 5).join(', ')} here: the ranks are ${rankRanges(stated)}.`,
    );
  }
  return [...ranks.keys()].filter((i) => wanted.includes(ranks[i]));
}

/** "0-7, 9" */
export function rankRanges(ranks: readonly number[]): string {
  const sorted = [...new Set(ranks)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (sorted[end + 1] === sorted[end] + 1) {
      end++;
    }
    parts.push(end === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return parts.join(', ');
}
