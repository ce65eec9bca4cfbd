/** One kernel in two degrees of likeness. */
export interface Token {
  /** equal for equal names */
  readonly name: number;
  /** equal for kernels that do the same by another implementation; 0 = like nothing but itself */
  readonly like: number;
}

const SAME_NAME = 4;
const ALIKE = 2;
const GAP = -1;
/** The band is at least this wide on both sides of the diagonal. */
const LEAST_BAND = 64;
const NONE = -1;

/** How one sequence maps to another. */
export interface SequenceMatch {
  /** by position of the first: position in the second, -1 where it has none */
  readonly to: Int32Array;
  /** 0 to 1: points of those that two equal sequences of the longer length would have */
  readonly likeness: number;
}

/**
 * Global alignment (Needleman-Wunsch) within a band around the diagonal. Kernels that are not alike
 * never stand for each other: they become gaps.
 */
export function alignSequences(first: readonly Token[], second: readonly Token[]): SequenceMatch {
  const n = first.length;
  const m = second.length;
  const to = new Int32Array(n).fill(NONE);
  if (n === 0 || m === 0) {
    return { to, likeness: 0 };
  }
  const band = Math.max(LEAST_BAND, Math.abs(n - m) + Math.ceil(Math.max(n, m) / 10));
  const width = 2 * band + 1;
  /** 0 pair, 1 gap in the second, 2 gap in the first */
  const moves = new Uint8Array((n + 1) * width);
  let before = new Float64Array(width).fill(-Infinity);
  let here = new Float64Array(width).fill(-Infinity);
  const middle = (i: number): number => Math.round((i * m) / n);
  for (let i = 0; i <= n; i++) {
    here.fill(-Infinity);
    const low = Math.max(0, middle(i) - band);
    const high = Math.min(m, middle(i) + band);
    const shift = middle(i) - band;
    const shiftBefore = i > 0 ? middle(i - 1) - band : 0;
    for (let j = low; j <= high; j++) {
      const k = j - shift;
      let best = i === 0 && j === 0 ? 0 : -Infinity;
      let move = 0;
      if (i > 0) {
        const kPair = j - 1 - shiftBefore;
        if (j > 0 && kPair >= 0 && kPair < width) {
          const points = likeness(first[i - 1], second[j - 1]);
          if (points > 0 && before[kPair] + points > best) {
            best = before[kPair] + points;
            move = 0;
          }
        }
        const kUp = j - shiftBefore;
        if (kUp >= 0 && kUp < width && before[kUp] + GAP > best) {
          best = before[kUp] + GAP;
          move = 1;
        }
      }
      if (j > 0 && k > 0 && here[k - 1] + GAP > best) {
        best = here[k - 1] + GAP;
        move = 2;
      }
      here[k] = best;
      moves[i * width + k] = move;
    }
    [before, here] = [here, before];
  }
  const score = before[m - (middle(n) - band)];
  let i = n;
  let j = m;
  while (i > 0 || j > 0) {
    const move = moves[i * width + j - (middle(i) - band)];
    if (move === 0 && i > 0 && j > 0) {
      to[--i] = --j;
    } else if (move === 1 && i > 0) {
      i--;
    } else {
      j--;
    }
  }
  return { to, likeness: Math.max(0, score / (SAME_NAME * Math.max(n, m))) };
}

function likeness(a: Token, b: Token): number {
  if (a.name === b.name) {
    return SAME_NAME;
  }
  return a.like !== 0 && a.like === b.like ? ALIKE : 0;
}
