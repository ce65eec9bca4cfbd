import { HEAD, type Alignment, type Pass } from './alignment.js';
import { AFTER, type Chunks } from './chunks.js';
import type { Slot } from './slots.js';

/** A pass with more misfits than this share of its slots is not taken. */
const MOST_MISFITS = 0.1;
/** A pass cut off by the recording is not taken with fewer slots than this share. */
const LEAST_SLOTS = 0.5;
/**
 * Which passes fit so well that their labels can be trusted. A recording may begin or end in the middle
 * of one: it is taken where a whole pass shows that these are the model's layers.
 *
 * @returns by pass of the alignment
 */
export function trustedPasses(
  chunks: Chunks,
  alignment: Alignment,
  slots: readonly Slot[],
): boolean[] {
  const fits = alignment.passes.map(
    (pass) =>
      !pass.broken &&
      pass.misfits <= MOST_MISFITS * slots.length &&
      !goesOn(chunks, alignment, pass) &&
      !holdsTwo(chunks, alignment, slots, pass),
  );
  const whole = alignment.passes.map(
    (pass, i) => fits[i] && pass.hasStart && pass.hasEnd && pass.slots === slots.length,
  );
  if (!whole.includes(true)) {
    return whole;
  }
  return alignment.passes.map((pass, i) => {
    const cutAtStart = pass.first <= 1 && pass.hasEnd;
    const cutAtEnd = pass.last >= chunks.count - 1 && pass.hasStart;
    const enough = pass.slots >= LEAST_SLOTS * slots.length;
    return whole[i] || (fits[i] && enough && (cutAtStart || cutAtEnd));
  });
}

/**
 * Whether what should be the head of a pass is a part of one more layer: the model that ran has more
 * layers than the slots say.
 */
function goesOn(chunks: Chunks, alignment: Alignment, { last }: Pass): boolean {
  const isPart =
    chunks.kinds[last] !== 0 ||
    chunks.conv[last] === 1 ||
    (chunks.activation[last] === 1 && chunks.gemms[last] >= 2);
  return alignment.slot[last] === HEAD && chunks.edge[last] === 0 && isPart;
}

/**
 * Whether a slot holds the parts of several layers: more residual additions stand inside it than inside
 * most slots of its kinds. Every index after it would be wrong.
 */
function holdsTwo(
  chunks: Chunks,
  { slot }: Alignment,
  slots: readonly Slot[],
  { first, last }: Pass,
): boolean {
  const additions = new Map<number, number>();
  for (let c = first; c <= last && slot[c] >= 0; c++) {
    const goesOnAfterAdd =
      c > first &&
      slot[c] === slot[c - 1] &&
      chunks.after[c] !== AFTER.other &&
      chunks.gemms[c] > 0;
    additions.set(slot[c], (additions.get(slot[c]) ?? 0) + (goesOnAfterAdd ? 1 : 0));
  }
  const byKinds = new Map<number, number[]>();
  for (const [j, count] of additions) {
    const counts = byKinds.get(slots[j].mask);
    if (counts === undefined) {
      byKinds.set(slots[j].mask, [count]);
    } else {
      counts.push(count);
    }
  }
  return [...byKinds.values()].some((counts) => {
    counts.sort((a, b) => a - b);
    return counts[counts.length - 1] > counts[(counts.length - 1) >> 1];
  });
}
