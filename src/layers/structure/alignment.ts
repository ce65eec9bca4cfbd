import { KIND_BIT, type Slot } from './slots.js';
import type { Chunks } from './chunks.js';

/** What a chunk is in a forward pass. */
export const OUTSIDE = -1;
export const HEAD = -2;

/** Where each chunk stands. */
export interface Alignment {
  /** index in the slots, `HEAD` for the final normalisation and what follows, `OUTSIDE` */
  readonly slot: Int32Array;
  /** number of the pass, -1 outside */
  readonly pass: Int32Array;
  readonly passes: readonly Pass[];
}

export interface Pass {
  readonly first: number;
  /** last chunk of it */
  readonly last: number;
  /** slots that were found of those the model has */
  readonly slots: number;
  /** chunks of another kind than their slot, and slots left out */
  readonly misfits: number;
  /** it begins with the first slot, after the head of another pass or where nothing of a pass is */
  readonly hasStart: boolean;
  /** it ends with the last slot and the head behind it */
  readonly hasEnd: boolean;
  /** a pass begins or ends in the middle of it, by what its kernels' names say */
  readonly broken: boolean;
}

/**
 * What each thing that does not fit costs. The scale is free; what counts is their order: a kernel of
 * the wrong kind outweighs all that may be an accident of how an engine fuses its kernels.
 */
const COST = {
  wrongKind: 6,
  notProved: 5,
  notDistinct: 1,
  notDistinctHere: 4,
  beginsWithoutAdd: 2,
  beginsWithoutNorm: 0.5,
  goesOnAfterAdd: 3,
  goesOnWithoutNorm: 0.2,
  sameKindTwice: 4,
  emptyBegin: 4,
  beginsInside: 5,
  skips: 8,
  breaksOff: 4,
  noHead: 2,
  cutOff: 1,
  outside: 1.5,
  outsideQuiet: 0.2,
  edgeInside: 3,
} as const;

/** By code of `AFTER`: what it costs that a part begins here, or goes on. */
const BEGINS: readonly number[] = [COST.beginsWithoutAdd, 0, COST.beginsWithoutNorm];
const GOES_ON: readonly number[] = [0, COST.goesOnAfterAdd, COST.goesOnWithoutNorm];

const CONV_KINDS = KIND_BIT.mamba | KIND_BIT.linear_attention | KIND_BIT.short_conv;

/**
 * Fits chunks to passes through the model's slots, as cheaply as possible (Viterbi). Each slot takes
 * one chunk or more, since mixers hold normalisations of their own.
 */
export function alignChunks(chunks: Chunks, slots: readonly Slot[]): Alignment {
  const { count } = chunks;
  const m = slots.length;
  // States: slot not yet proved (2j), slot proved (2j + 1), head, outside.
  const head = 2 * m;
  const out = 2 * m + 1;
  const states = 2 * m + 2;
  let cost = new Float64Array(states).fill(Infinity);
  let next = new Float64Array(states).fill(Infinity);
  const from = new Int16Array(count * states).fill(-1);
  cost[out] = 0;

  const wrong = (c: number, mask: number): number => {
    let bad = chunks.kinds[c] & ~mask;
    if (chunks.conv[c] === 1 && (mask & CONV_KINDS) === 0) {
      bad |= CONV_KINDS;
    }
    return (bits(bad & 63) > 0 ? COST.wrongKind : 0) * Math.max(1, bits(bad & ~CONV_KINDS));
  };
  let visible = 0;
  for (let c = 0; c < count; c++) {
    visible |= chunks.kinds[c] | (chunks.conv[c] === 1 ? CONV_KINDS : 0);
  }
  const proves = (c: number, mask: number): boolean => {
    if ((chunks.kinds[c] & mask) !== 0) {
      return true;
    }
    if (chunks.conv[c] === 1 && (mask & CONV_KINDS) !== 0 && chunks.kinds[c] === 0) {
      return true;
    }
    return mask === KIND_BIT.mlp && chunks.gemms[c] >= 2 && chunks.kinds[c] === 0;
  };

  for (let c = 0; c < count; c++) {
    next.fill(Infinity);
    const row = c * states;
    const take = (state: number, before: number, total: number): void => {
      if (total < next[state]) {
        next[state] = total;
        from[row + state] = before;
      }
    };
    const quiet = chunks.gemms[c] === 0 && chunks.kinds[c] === 0 && chunks.conv[c] === 0;
    const edge = chunks.edge[c] === 1;
    const plain = chunks.gemms[c] >= 2 && chunks.kinds[c] === 0 && chunks.conv[c] === 0;
    // Cheapest way into a pass from anywhere outside.
    let anyEnd = out;
    for (let s = 0; s < states; s++) {
      const leaving = cost[s] + (s === out || s === head ? 0 : COST.breaksOff);
      const best = cost[anyEnd] + (anyEnd === out || anyEnd === head ? 0 : COST.breaksOff);
      if (leaving < best) {
        anyEnd = s;
      }
    }
    const outCost = cost[anyEnd] + (anyEnd === out || anyEnd === head ? 0 : COST.breaksOff);
    take(out, anyEnd, outCost + (quiet ? COST.outsideQuiet : COST.outside));

    const begins = BEGINS[chunks.after[c]];
    const isFirst = c === 0 || (c === 1 && chunks.edge[0] === 0);
    const beginsInside = isFirst ? COST.cutOff : COST.beginsInside;
    const goesOnCost = quiet ? 0 : GOES_ON[chunks.after[c]];
    const headCost = wrong(c, 0) + (quiet ? COST.outside : 0) + begins;
    take(head, 2 * m - 1, cost[2 * m - 1] + headCost);
    take(head, 2 * m - 2, cost[2 * m - 2] + COST.notProved + headCost);

    for (let j = 0; j < m; j++) {
      const { mask } = slots[j];
      const misfit = wrong(c, mask) + (edge ? COST.edgeInside : 0);
      const distinct = proves(c, mask);
      // Where nothing is distinctive (a mixer in plain PyTorch), products that could be it will do.
      const faint = (mask & visible) === 0 ? COST.notDistinct : COST.notDistinctHere;
      const faintly = !distinct && plain && (mask & KIND_BIT.moe) === 0;
      // begins here
      const begin =
        misfit +
        (quiet ? COST.emptyBegin : 0) +
        (j === 0 && c > 0 ? Math.min(begins, COST.beginsWithoutNorm) : begins);
      const unproved = 2 * j;
      const proved = 2 * j + 1;
      const enter = (before: number, total: number): void => {
        take(distinct ? proved : unproved, before, total);
        if (faintly) {
          take(proved, before, total + faint);
        }
      };
      if (j === 0) {
        enter(head, cost[head] + begin);
        enter(anyEnd, outCost + begin);
        enter(2 * m - 1, cost[2 * m - 1] + begin + COST.noHead);
      } else {
        enter(2 * j - 1, cost[2 * j - 1] + begin);
        enter(2 * j - 2, cost[2 * j - 2] + begin + COST.notProved);
        enter(anyEnd, outCost + begin + beginsInside);
        if (j > 1) {
          enter(2 * j - 3, cost[2 * j - 3] + begin + COST.skips);
        }
      }
      const goesOn = misfit + goesOnCost;
      enter(unproved, cost[unproved] + goesOn);
      const again = (chunks.kinds[c] & mask) !== 0 && (mask & CONV_KINDS) === 0;
      take(proved, proved, cost[proved] + goesOn + (again ? COST.sameKindTwice : 0));
    }
    [cost, next] = [next, cost];
  }
  // A recording may end inside a pass; where it can be told, the pass ended.
  for (let state = 0; state < head; state++) {
    cost[state] += COST.cutOff;
  }
  return readBack(chunks, slots, from, cost, states);
}

function readBack(
  chunks: Chunks,
  slots: readonly Slot[],
  from: Int16Array,
  cost: Float64Array,
  states: number,
): Alignment {
  const { count } = chunks;
  const head = states - 2;
  const out = states - 1;
  const path = new Int32Array(count);
  let state = cost.indexOf(cost.reduce((a, b) => Math.min(a, b), Infinity));
  for (let c = count - 1; c >= 0; c--) {
    path[c] = state;
    state = from[c * states + state];
  }
  const slot = new Int32Array(count).fill(OUTSIDE);
  const pass = new Int32Array(count).fill(-1);
  const passes: Pass[] = [];
  let open:
    | { first: number; found: Set<number>; misfits: number; start: boolean; broken: boolean }
    | undefined;
  const close = (last: number): void => {
    if (open !== undefined) {
      passes.push({
        first: open.first,
        last,
        slots: open.found.size,
        misfits: open.misfits,
        hasStart: open.start,
        hasEnd: slot[last] === HEAD && slot[last - 1] === slots.length - 1,
        broken: open.broken,
      });
      open = undefined;
    }
  };
  for (let c = 0; c < count; c++) {
    if (path[c] === out) {
      close(c - 1);
      continue;
    }
    const j = path[c] === head ? HEAD : path[c] >> 1;
    const before = c > 0 ? slot[c - 1] : OUTSIDE;
    if (j !== HEAD && (open === undefined || before === HEAD || before > j)) {
      close(c - 1);
      const start = j === 0 && (before === HEAD || c <= 1 || chunks.edge[c - 1] === 1);
      open = { first: c, found: new Set(), misfits: 0, start, broken: false };
    }
    slot[c] = j;
    if (open !== undefined) {
      pass[c] = passes.length;
      if (j >= 0) {
        open.found.add(j);
        open.misfits += misfits(chunks, slots, c, j, before);
        open.broken ||= chunks.edge[c] === 1 && c > open.first;
      } else {
        close(c);
      }
    }
  }
  close(count - 1);
  return { slot, pass, passes };
}

/** What of a chunk speaks against its slot, for the judgement of a pass as a whole. */
function misfits(
  chunks: Chunks,
  slots: readonly Slot[],
  c: number,
  j: number,
  before: number,
): number {
  const { mask } = slots[j];
  const wrongKind = (chunks.kinds[c] & ~mask) !== 0;
  const skipped = before >= 0 && j > before + 1;
  return (wrongKind ? 1 : 0) + (skipped ? 1 : 0);
}

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    count++;
  }
  return count;
}
