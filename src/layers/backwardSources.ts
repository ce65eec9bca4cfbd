import { OP, type Trace } from '../trace/index.js';
import { nearestAncestor } from './rangeAncestry.js';
import type { RuleSet } from './rules.js';
import { testedText } from './testedText.js';

/** How a call came to the evidence that was found for it. */
export const OWN = 0;
/** it computes a gradient for what the evidence ran */
export const BACKWARD = 1;
/** it adds up the gradients that such a call computed */
export const ACCUMULATION = 2;
export type Via = typeof OWN | typeof BACKWARD | typeof ACCUMULATION;

/** How a rule's description says so. */
export const VIA_WORDS: Record<Via, string> = {
  [OWN]: '',
  [BACKWARD]: 'backward of ',
  [ACCUMULATION]: 'adding up gradients after backward of ',
};

/** Where the backward work of a trace came from. */
export interface BackwardSources {
  /** for each backward range the forward operator it belongs to, -1 for other ranges */
  readonly forward: Int32Array;
  /** for each backward range BACKWARD or ACCUMULATION */
  readonly via: Uint8Array;
}

/**
 * The forward operators of backward ones, as the trace links them. Gradients are added up by an
 * operator without a number of its own; autograd runs it as soon as it can, so it belongs to the
 * backward operator before it on its thread.
 * @returns null where the trace links nothing
 */
export function backwardSources(trace: Trace, rules: RuleSet): BackwardSources | null {
  const { ranges, names } = trace;
  if (ranges.forward === undefined) {
    return null;
  }
  const forward = ranges.forward.slice();
  const via = new Uint8Array(ranges.count);
  const known = new Map<number, boolean>();
  const accumulates = (name: number): boolean => {
    let answer = known.get(name);
    if (answer === undefined) {
      const text = testedText(names.get(name));
      answer = rules.accumulate.some((pattern) => pattern.test(text));
      known.set(name, answer);
    }
    return answer;
  };
  /** by lane: the last backward operator, and what it stands in */
  const last = new Map<number, { forward: number; parent: number }>();
  for (let i = 0; i < ranges.count; i++) {
    if (ranges.kind[i] !== OP) {
      continue;
    }
    const before = last.get(ranges.lane[i]);
    if (forward[i] >= 0) {
      via[i] = BACKWARD;
      if (
        before === undefined ||
        ranges.parent[i] === before.parent ||
        forward[i] !== before.forward
      ) {
        last.set(ranges.lane[i], { forward: forward[i], parent: ranges.parent[i] });
      }
    } else if (before !== undefined && ranges.parent[i] === before.parent) {
      if (accumulates(ranges.name[i])) {
        forward[i] = before.forward;
        via[i] = ACCUMULATION;
      } else {
        last.delete(ranges.lane[i]);
      }
    }
  }
  return { forward, via };
}

/** Backward of backward of ...: nobody goes deeper, a damaged file may. */
const DEEPEST = 4;

/**
 * Finds the nearest range of some kind around a call. From a backward operator the search goes on at
 * the forward operator it belongs to.
 */
export class EvidenceSearch {
  private readonly nearest: Int32Array;
  /** how the last range found was reached */
  via: Via = OWN;

  constructor(
    trace: Trace,
    private readonly matches: (range: number) => boolean,
    private readonly sources: BackwardSources | null,
  ) {
    const { ranges } = trace;
    this.nearest = nearestAncestor(
      ranges,
      sources === null ? matches : (range) => matches(range) || sources.forward[range] >= 0,
    );
  }

  /** @returns a range that matches, -1 = none */
  from(range: number): number {
    this.via = OWN;
    let at = range < 0 ? -1 : this.nearest[range];
    for (let depth = 0; at >= 0 && this.sources !== null && !this.matches(at); depth++) {
      const next = this.sources.forward[at];
      if (depth === DEEPEST || next < 0) {
        return -1;
      }
      if (this.via === OWN) {
        this.via = this.sources.via[at] === ACCUMULATION ? ACCUMULATION : BACKWARD;
      }
      at = this.nearest[next];
    }
    return at;
  }
}
