import type { Roles } from './kernelRoles.js';
import type { KernelRole } from '../rules.js';
import type { NormSite } from './normSites.js';

/** What the kernels from one normalisation to the next show, one entry a chunk. */
export interface Chunks {
  readonly count: number;
  /** position of the first kernel; entry `count` is the length of the sequence */
  readonly start: Int32Array;
  /** after the kernels of the normalisation it begins with; the start where it begins with none */
  readonly body: Int32Array;
  /** matrix products that are not grouped */
  readonly gemms: Uint16Array;
  /** `KIND_BIT`s of kinds with a distinctive kernel */
  readonly kinds: Uint8Array;
  /** 1 where an activation function runs */
  readonly activation: Uint8Array;
  /** 1 where a causal convolution runs: part of any recurrent mixer */
  readonly conv: Uint8Array;
  /** what stands right before it, a code of `AFTER` */
  readonly after: Uint8Array;
  /** 1 where it holds an embedding look-up or sampling: a pass ends or begins in it */
  readonly edge: Uint8Array;
}

/** What a chunk follows. */
export const AFTER = {
  other: 0,
  /** the residual is added and the sum normalised: a part ends */
  addThenNorm: 1,
  /** something is added, and no normalisation follows: a part may end, where norms stand behind parts */
  addOnly: 2,
} as const;

/** How far before a normalisation the residual is added: right before, or with one copy between. */
const AFTER_ADD = 2;

/** Products of a head, and of the table of positions of the pass after it. */
const MOST_HEAD_GEMMS = 2;

/** Roles of kernels that work on each element, or copy: they never decide a kind. */
const LIGHT: ReadonlySet<KernelRole | null> = new Set([
  'add',
  'add_scalar',
  'multiply',
  'scale',
  'copy',
  'elementwise',
  'activation',
]);

export function isLight(role: KernelRole | null): boolean {
  return LIGHT.has(role);
}

/**
 * Cuts a sequence before each normalisation.
 *
 * @param roles by position
 * @param kindBits by position: `KIND_BIT` a distinctive name proves, 0 = none
 * @param edges by position: 1 for embedding and sampling
 */
export function cutAtNorms(
  roles: Roles,
  kindBits: Uint8Array,
  edges: Uint8Array,
  sites: readonly NormSite[],
  weak: { readonly softmax: number; readonly topk: number },
): Chunks {
  const cuts = withAdditions(roles, sites);
  const count = cuts.length + 1;
  const start = new Int32Array(count + 1);
  const body = new Int32Array(count);
  const after = new Uint8Array(count);
  cuts.forEach((cut, i) => {
    start[i + 1] = cut.start;
    body[i + 1] = cut.end;
    after[i + 1] = standsAfter(roles, cut);
  });
  start[count] = roles.length;
  const gemms = new Uint16Array(count);
  const kinds = new Uint8Array(count);
  const activation = new Uint8Array(count);
  const conv = new Uint8Array(count);
  const edge = new Uint8Array(count);
  for (let c = 0; c < count; c++) {
    let softmax = false;
    let topk = false;
    let gathers = false;
    for (let at = start[c]; at < start[c + 1]; at++) {
      kinds[c] |= kindBits[at];
      edge[c] |= edges[at];
      switch (roles[at]) {
        case 'gemm':
          gemms[c]++;
          break;
        case 'activation':
          activation[c] = 1;
          break;
        case 'conv1d':
          conv[c] = 1;
          break;
        case 'softmax':
          softmax = true;
          break;
        case 'topk':
          topk = true;
          break;
        case 'gather':
          gathers = true;
          break;
        default:
      }
    }
    if (topk && edge[c] === 0) {
      kinds[c] |= weak.topk;
    } else if (softmax && gemms[c] > 1) {
      kinds[c] |= weak.softmax;
    }
    // Rows are read by index for experts, caches, and the embedding of the next pass: the first two
    // come with distinctive kernels.
    if (gathers && kinds[c] === 0 && conv[c] === 0 && gemms[c] <= MOST_HEAD_GEMMS) {
      edge[c] = 1;
    }
  }
  return { count, start, body, gemms, kinds, activation, conv, after, edge };
}

/** The normalisations, and empty cuts where a product follows an addition directly. */
function withAdditions(roles: Roles, sites: readonly NormSite[]): NormSite[] {
  const cuts: NormSite[] = [];
  let next = 0;
  for (let at = 0; at < roles.length; at++) {
    if (next < sites.length && sites[next].start === at) {
      cuts.push(sites[next++]);
    } else if (roles[at - 1] === 'add' && (roles[at] === 'gemm' || isFilledProduct(roles, at))) {
      cuts.push({ start: at, end: at, addsResidual: false });
    }
  }
  return cuts;
}

/** Products split along their inner dimension clear their workspace first. */
function isFilledProduct(roles: Roles, at: number): boolean {
  return roles[at] === 'fill' && roles[at + 1] === 'gemm';
}

function standsAfter(roles: Roles, { start, end, addsResidual }: NormSite): number {
  if (end === start) {
    return AFTER.addOnly;
  }
  // What ran before the first event of a recording is not known: it may have been an addition.
  return start === 0 || addsResidual || addsBefore(roles, start) ? AFTER.addThenNorm : AFTER.other;
}

function addsBefore(roles: Roles, at: number): boolean {
  for (let i = at - 1; i >= Math.max(0, at - AFTER_ADD) && isLight(roles[i]); i--) {
    if (roles[i] === 'add') {
      return true;
    }
  }
  return false;
}
