import { PART_KINDS } from '../model/modelPlan.js';
import { AFTER, type Chunks } from './chunks.js';
import { KIND_BIT, type Slot } from './slots.js';

/** What stands between two residual additions: the `KIND_BIT`s of its parts, or one of these. */
const HEAD = 0;
const UNKNOWN = -1;

const RECURRENT = KIND_BIT.mamba | KIND_BIT.linear_attention;
const MIXERS = RECURRENT | KIND_BIT.short_conv | KIND_BIT.attention;
/** Products of an MLP: gate, up, down, and small adapters beside them. */
const MOST_MLP_GEMMS = 4;
/** Passes with fewer parts are too short to be told from chance. */
const LEAST_PARTS = 4;

/**
 * The slots of a forward pass as a trace without a configuration shows them: the run of parts between
 * two heads that occurs most often. Layers are counted only where each is plainly a mixer and a
 * feed-forward part; else the slots carry no index (-1), for a model may have layers of one part.
 *
 * @returns undefined where no such run is there, or where parts of it cannot be told
 */
export function recordedSlots(chunks: Chunks): Slot[] | undefined {
  const runs = new Map<string, { masks: readonly number[]; times: number }>();
  let run: number[] = [];
  const close = (): void => {
    if (run.length >= LEAST_PARTS && !run.includes(UNKNOWN)) {
      const key = run.join(' ');
      const known = runs.get(key) ?? { masks: run, times: 0 };
      known.times++;
      runs.set(key, known);
    }
    run = [];
  };
  for (const mask of masksOf(chunks)) {
    if (mask === HEAD) {
      close();
    } else {
      run.push(mask);
    }
  }
  close();
  let best: { masks: readonly number[]; times: number } | undefined;
  for (const candidate of runs.values()) {
    const weight = candidate.times * candidate.masks.length;
    if (best === undefined || weight > best.times * best.masks.length) {
      best = candidate;
    }
  }
  return best === undefined ? undefined : asSlots(best.masks);
}

function asSlots(masks: readonly number[]): Slot[] {
  const pairs =
    masks.length % 2 === 0 && masks.every((mask, i) => ((mask & MIXERS) !== 0) === (i % 2 === 0));
  return masks.map((mask, i) => ({
    layer: pairs ? i >> 1 : -1,
    kinds: PART_KINDS.filter((kind) => (mask & KIND_BIT[kind]) !== 0),
    mask,
    sharedExpert: null,
  }));
}

function masksOf(chunks: Chunks): number[] {
  const visible = chunks.kinds.reduce((all, kinds) => all | kinds, 0);
  const masks: number[] = [];
  let from = 0;
  for (let c = 1; c <= chunks.count; c++) {
    const begins =
      c === 1 ||
      c === chunks.count ||
      chunks.after[c] === AFTER.addThenNorm ||
      chunks.edge[c - 1] === 1;
    if (begins) {
      masks.push(maskOf(chunks, from, c, visible));
      from = c;
    }
  }
  return masks;
}

/** What the chunks between two residual additions are. @param visible kinds seen anywhere */
function maskOf(chunks: Chunks, from: number, to: number, visible: number): number {
  let kinds = 0;
  let gemms = 0;
  let conv = 0;
  let activation = 0;
  let normed = 0;
  for (let c = from; c < to; c++) {
    if (chunks.edge[c] === 1) {
      return HEAD;
    }
    // Products after an addition without a norm between: one group may be two parts.
    if (chunks.after[c] === AFTER.addOnly && chunks.gemms[c] >= 2) {
      return UNKNOWN;
    }
    normed += chunks.gemms[c] > 0 && chunks.body[c] > chunks.start[c] ? 1 : 0;
    kinds |= chunks.kinds[c];
    gemms += chunks.gemms[c];
    conv |= chunks.conv[c];
    activation |= chunks.activation[c];
  }
  if (kinds === 0 && conv === 1) {
    return convolution(visible & RECURRENT);
  }
  if (kinds === 0) {
    // Gated mixers have activations too; without a configuration only the plain shape is an MLP.
    const isMlp = activation === 1 && normed <= 1 && gemms >= 2 && gemms <= MOST_MLP_GEMMS;
    return gemms <= 1 ? HEAD : isMlp ? KIND_BIT.mlp : UNKNOWN;
  }
  // Attention and an MLP without a residual between them (Zamba) are two parts that look like one.
  if (kinds === KIND_BIT.attention && activation === 1) {
    return UNKNOWN;
  }
  // Mixers may run side by side; a mixer and a feed-forward part with no norm between are not told.
  const single = (kinds & (kinds - 1)) === 0;
  return single || (kinds & ~MIXERS) === 0 ? kinds : UNKNOWN;
}

/** A causal convolution alone is of the one recurrent kind the trace shows, or a mixer of its own. */
function convolution(recurrent: number): number {
  if (recurrent === 0) {
    return KIND_BIT.short_conv;
  }
  return recurrent === RECURRENT ? UNKNOWN : recurrent;
}
