import type { Roles } from './kernelRoles.js';
import { layerTypeCode, type LayerType } from '../../trace/index.js';
import type { KernelRole } from '../rules.js';
import type { PartKind } from '../model/modelPlan.js';
import { isLight } from './chunks.js';
import { KIND_BIT, type Slot } from './slots.js';

/** The kernels of one slot, as positions of the sequence. */
export interface SlotKernels {
  /** start of the normalisation */
  readonly start: number;
  /** after the normalisation */
  readonly body: number;
  readonly end: number;
}

/** What is known of the kernels of a sequence, by position. */
export interface KernelFacts {
  readonly roles: Roles;
  /** code of the layer type a distinctive name proves, 0 = none */
  readonly named: Uint8Array;
  /** `KIND_BIT` of `named` */
  readonly kindBits: Uint8Array;
}

/** Takes the layer type of the kernels from one position to another. */
export type Mark = (from: number, to: number, type: LayerType, why: string) => void;

const RECURRENT = KIND_BIT.mamba | KIND_BIT.linear_attention | KIND_BIT.short_conv;

/** Roles at the end of a slot that may belong to the residual stream. */
const ENDS_SLOT: ReadonlySet<KernelRole | null> = new Set(['add', 'scale', 'copy']);

const PRODUCT: ReadonlySet<KernelRole | null> = new Set(['gemm', 'gemm_tail']);

/** Roles that begin the work of experts, after the router chose them. */
const EXPERTS_BEGIN: ReadonlySet<KernelRole | null> = new Set([
  'sort',
  'arange',
  'grouped_gemm',
  'histogram',
]);
const EXPERTS: ReadonlySet<KernelRole | null> = new Set([
  'grouped_gemm',
  'histogram',
  'sort',
  'scatter',
]);

/** Tells the kernels of a slot apart: normalisation, the parts, the residual. */
export function markSlot(facts: KernelFacts, slot: Slot, kernels: SlotKernels, mark: Mark): void {
  const { start, body, end } = kernels;
  mark(start, body, 'norm', 'normalisation before the part');
  const residual = residualStart(facts.roles, body, end);
  mark(residual, end, 'residual', 'added to the residual stream after the part');
  if (slot.kinds.length > 1) {
    markParallel(facts, slot, body, residual, mark);
  } else {
    markPart(facts, slot, body, residual, mark);
  }
}

/** Additions and scalings at the end of a slot, before the next normalisation. */
function residualStart(roles: Roles, body: number, end: number): number {
  let at = end;
  while (at > body && ENDS_SLOT.has(roles[at - 1])) {
    at--;
  }
  // A copy at the front of the run may be the part's own; so is one scaling of its last product.
  while (at < end && roles[at] === 'copy') {
    at++;
  }
  const scalesProduct = roles[at] === 'scale' && PRODUCT.has(roles[at - 1]);
  return scalesProduct && roles[at + 1] === 'add' ? at + 1 : at;
}

function markPart(facts: KernelFacts, slot: Slot, from: number, to: number, mark: Mark): void {
  const [kind] = slot.kinds;
  if (kind === 'moe') {
    markExperts(facts, slot, from, to, mark);
  } else {
    mark(from, to, kind, `between two normalisations, where the model has ${kind}`);
  }
}

/**
 * Parts that read the same input: each ends at the first matrix product after its own distinctive
 * kernels, its output projection.
 */
function markParallel(facts: KernelFacts, slot: Slot, from: number, to: number, mark: Mark): void {
  const { roles, kindBits } = facts;
  const bitOf = (at: number): number =>
    (kindBits[at] & slot.mask) !== 0
      ? kindBits[at] & slot.mask
      : roles[at] === 'conv1d'
        ? slot.mask & RECURRENT
        : 0;
  const parts: { kind: Exclude<PartKind, 'moe'>; last: number }[] = [];
  for (let at = from; at < to; at++) {
    const bit = bitOf(at);
    const kind = slot.kinds.find((candidate) => KIND_BIT[candidate] === bit);
    if (kind === undefined || kind === 'moe') {
      continue;
    }
    const last = parts.at(-1);
    if (last?.kind === kind) {
      last.last = at;
    } else {
      parts.push({ kind, last: at });
    }
  }
  if (new Set(parts.map(({ kind }) => kind)).size !== parts.length) {
    return;
  }
  let begin = from;
  for (const { kind, last } of parts) {
    let end = last + 1;
    while (end < to && roles[end] !== 'gemm') {
      end++;
    }
    end = Math.min(to, end + 1);
    while (end < to && roles[end] === 'gemm_tail') {
      end++;
    }
    const why = `in parallel parts: up to the output projection of ${kind}`;
    const first = begin === from ? from : skipLight(roles, begin, last);
    mark(begin, first, 'residual', 'between parallel parts');
    mark(first, end, kind, why);
    begin = end;
  }
  const rest = slot.kinds.filter((kind) => !parts.some((part) => part.kind === kind));
  if (rest.length === 1 && rest[0] !== 'moe') {
    mark(begin, to, rest[0], `in parallel parts: what the others leave`);
  } else if (rest.length === 0) {
    mark(begin, to, 'residual', 'parallel parts put together');
  }
}

function skipLight(roles: Roles, from: number, to: number): number {
  let at = from;
  while (at < to && (roles[at] === 'scale' || roles[at] === 'add')) {
    at++;
  }
  return at;
}

/** Router, routed experts and shared expert, told apart by where the choice of experts is made. */
function markExperts(facts: KernelFacts, slot: Slot, from: number, to: number, mark: Mark): void {
  const { roles, named } = facts;
  const router = layerTypeCode('moe_router');
  const experts = layerTypeCode('moe_experts');
  const begins = (at: number): boolean => EXPERTS_BEGIN.has(roles[at]) || named[at] === experts;
  let chosen = from;
  while (chosen < to && roles[chosen] !== 'topk' && named[chosen] !== router) {
    chosen++;
  }
  if (chosen === to) {
    return;
  }
  let routerStart = chosen;
  while (routerStart > from && roles[routerStart] !== 'gemm') {
    routerStart--;
  }
  if (roles[routerStart] !== 'gemm') {
    return;
  }
  const inputCopies = leadingCopies(roles, from, routerStart);
  let expertsStart = chosen + 1;
  while (expertsStart < to && !begins(expertsStart) && roles[expertsStart] !== 'gemm') {
    expertsStart++;
  }
  while (expertsStart > chosen + 1 && roles[expertsStart - 1] === 'memcpy') {
    expertsStart--;
  }
  let last = -1;
  for (let at = expertsStart; at < to; at++) {
    if (EXPERTS.has(roles[at]) || named[at] === experts) {
      last = at;
    }
  }
  mark(inputCopies, routerStart, 'moe_router', 'input of the router');
  mark(routerStart, expertsStart, 'moe_router', 'from the product before the choice of experts');
  const hasShared = slot.sharedExpert !== false;
  if (inputCopies > from) {
    mark(from, inputCopies, hasShared ? 'moe_shared_expert' : 'moe_experts', 'before the router');
  }
  if (last < 0) {
    if (!hasShared) {
      mark(expertsStart, to, 'moe_experts', 'after the choice of experts');
    }
    return;
  }
  let expertsEnd = last + 1;
  while (expertsEnd < to && roles[expertsEnd] !== 'gemm') {
    expertsEnd++;
  }
  mark(expertsStart, expertsEnd, 'moe_experts', 'after the choice of experts');
  mark(
    expertsEnd,
    to,
    hasShared ? 'moe_shared_expert' : 'moe_experts',
    'products after the routed experts',
  );
}

/** Where the copies right before a product begin: its input, made float or contiguous. */
function leadingCopies(roles: Roles, from: number, at: number): number {
  let start = at;
  while (start > from && roles[start - 1] === 'copy') {
    start--;
  }
  return isLight(roles[start]) ? start : at;
}
