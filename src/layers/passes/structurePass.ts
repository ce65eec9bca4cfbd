import {
  LAYER_TYPES,
  layerTypeCode,
  METHODS,
  NO_LAYER,
  timeKindOf,
  UNCLASSIFIED,
  type LayerLabels,
  type LayerType,
  type Trace,
} from '../../trace/index.js';
import type { ModelPlan } from '../model/modelPlan.js';
import type { AttributionPass, LabelDraft } from '../pass.js';
import type { KernelRole, RuleSet } from '../rules.js';
import { alignChunks, HEAD, type Alignment } from '../structure/alignment.js';
import { cutAtNorms, type Chunks } from '../structure/chunks.js';
import { KernelRoles } from '../structure/kernelRoles.js';
import { launchSequences } from '../structure/launchOrder.js';
import { normEnds } from '../structure/normEnds.js';
import { findNorms } from '../structure/normSites.js';
import { markSlot, type KernelFacts, type Mark } from '../structure/partLabels.js';
import { recordedSlots } from '../structure/recordedSlots.js';
import { KIND_BIT, slotsOf, type Slot } from '../structure/slots.js';
import { trustedPasses } from '../structure/trustedPasses.js';
import { testedText } from '../testedText.js';
import type { NamesAlone } from './namePass.js';

const STRUCTURE_METHOD = METHODS.indexOf('structure');

/** By code of a layer type: the kind of part that a distinctive name of it proves, 0 = none. */
const BIT_OF_TYPE = bitsByType({
  mamba: KIND_BIT.mamba,
  linear_attention: KIND_BIT.linear_attention,
  short_conv: KIND_BIT.short_conv,
  attention: KIND_BIT.attention,
  moe_router: KIND_BIT.moe,
  moe_experts: KIND_BIT.moe,
  moe_all_to_all: KIND_BIT.moe,
  moe_shared_expert: KIND_BIT.moe,
});
/** What begins and ends a forward pass. */
const EDGES: ReadonlySet<number> = new Set((['embedding', 'sampling'] as const).map(layerTypeCode));

const MODULE_METHOD = METHODS.indexOf('module');
const MOE: ReadonlySet<number> = new Set(
  (['moe_router', 'moe_experts', 'moe_shared_expert', 'moe_all_to_all'] as const).map(
    layerTypeCode,
  ),
);
const COMMUNICATION: ReadonlySet<number> = new Set([
  layerTypeCode('moe_all_to_all'),
  layerTypeCode('collective'),
]);
/** Kernels from which on a graph launch holds a forward pass rather than a piece of one. */
const WHOLE_GRAPH = 100;

/** What a table of positions is made with. */
const TABLE_ROLES: ReadonlySet<KernelRole | null> = new Set([
  'rotary_table',
  'copy',
  'multiply',
  'scale',
  'gemm',
]);

/** Fewer normalisations than these bound no layers. */
const LEAST_NORMS = 3;
/** Kernels of a backward pass say so, those of a forward pass hardly ever do. */
const BACKWARD = /backward|_bwd|dgrad|wgrad/i;
const MOST_BACKWARD = 0.02;

/**
 * Order as evidence: a forward pass is the model's layers one after another, each begun by a
 * normalisation; distinctive kernels say what kind of part stands between two normalisations, the
 * model's configuration in which order the kinds come.
 *
 * @param model whose layers to expect; without one, those that a recording repeats
 */
export function structurePass(
  rules: RuleSet,
  model: ModelPlan | undefined,
  namesAlone: NamesAlone,
): AttributionPass {
  return {
    name: 'structure',
    run(trace: Trace, labels) {
      if (timeKindOf(trace) !== 'gpu') {
        return;
      }
      if (!labels.type.includes(UNCLASSIFIED)) {
        return;
      }
      const slots = model === undefined ? undefined : slotsOf(model);
      const named = namesAlone(trace);
      const roleOf = new KernelRoles(trace.names, rules.structure);
      for (const { events } of launchSequences(trace)) {
        new SequenceLabels(trace, labels, named, model, slots, roleOf, events).write();
      }
    },
  };
}

/** Labels of the events of one launch sequence. */
class SequenceLabels {
  private readonly roles: (KernelRole | null)[];
  private readonly facts: KernelFacts;
  private readonly edges: Uint8Array;

  constructor(
    private readonly trace: Trace,
    private readonly labels: LabelDraft,
    named: LayerLabels,
    private readonly model: ModelPlan | undefined,
    private readonly planned: readonly Slot[] | undefined,
    roleOf: KernelRoles,
    private readonly events: Int32Array,
  ) {
    const { length } = events;
    this.roles = new Array<KernelRole | null>(length);
    this.edges = new Uint8Array(length);
    const types = new Uint8Array(length);
    const kindBits = new Uint8Array(length);
    for (let at = 0; at < length; at++) {
      const role = roleOf.of(trace.gpu.name[events[at]]);
      const type = named.type[events[at]];
      this.roles[at] = role;
      types[at] = type;
      // A convolution belongs to whichever recurrent mixer the model has there.
      kindBits[at] = role === 'conv1d' ? 0 : BIT_OF_TYPE[type];
      this.edges[at] = EDGES.has(type) ? 1 : 0;
    }
    markGraphStarts(trace, events, this.edges);
    this.facts = { roles: this.roles, named: types, kindBits };
  }

  write(): void {
    const { roles, facts } = this;
    if (this.isBackward()) {
      return this.explain('a backward pass runs its layers in another order than the model states');
    }
    const sites = findNorms(roles);
    if (sites.length < LEAST_NORMS) {
      return;
    }
    const chunks = cutAtNorms(roles, facts.kindBits, this.edges, sites, {
      softmax: KIND_BIT.attention,
      topk: KIND_BIT.moe,
    });
    const fitted = this.fit(chunks, this.planned) ?? this.fit(chunks, recordedSlots(chunks));
    if (fitted === undefined) {
      const { model } = this;
      return this.explain(
        model === undefined
          ? 'no order of layers repeats among its neighbours; a model configuration would help'
          : `the kernels around it do not follow the ${model.layers.length} layers of ${model.family}`,
      );
    }
    const { slots, alignment, good } = fitted;
    const family = slots === this.planned ? this.model?.family : undefined;
    const norms = normEnds(roles, chunks, alignment);
    for (let c = 0; c < chunks.count;) {
      const slot = alignment.slot[c];
      let next = c + 1;
      if (slot === HEAD && good[alignment.pass[c]]) {
        this.writeHead(chunks, norms, c);
      } else if (slot >= 0 && good[alignment.pass[c]]) {
        if (slot === 0 && c > 0 && alignment.slot[c - 1] < 0) {
          this.writeEmbedding(chunks, c - 1);
        }
        while (
          next < chunks.count &&
          alignment.slot[next] === slot &&
          alignment.pass[next] === alignment.pass[c]
        ) {
          next++;
        }
        this.writeSlot(chunks, norms, c, next, slots[slot], family ?? 'no configuration');
      }
      c = next;
    }
    this.writeRotaryTables();
    this.explain('it lies outside the forward passes that were found');
  }

  /** The slots' alignment, where at least one pass of it can be trusted. */
  private fit(
    chunks: Chunks,
    slots: readonly Slot[] | undefined,
  ): { slots: readonly Slot[]; alignment: Alignment; good: boolean[] } | undefined {
    if (slots === undefined || slots.length === 0) {
      return undefined;
    }
    const alignment = alignChunks(chunks, slots);
    const good = trustedPasses(chunks, alignment, slots);
    return good.includes(true) ? { slots, alignment, good } : undefined;
  }

  private isBackward(): boolean {
    const { trace, events } = this;
    const isBackward = new Map<number, boolean>();
    let count = 0;
    for (const row of events) {
      const name = trace.gpu.name[row];
      let found = isBackward.get(name);
      if (found === undefined) {
        found = BACKWARD.test(testedText(trace.names.get(name)));
        isBackward.set(name, found);
      }
      count += found ? 1 : 0;
    }
    return count > MOST_BACKWARD * events.length;
  }

  /** Says of what stays unclassified why order did not help. */
  private explain(why: string): void {
    const { labels } = this;
    const rule = labels.ruleId(`Structure: ${why}`);
    for (const row of this.events) {
      if (labels.type[row] === UNCLASSIFIED && labels.rule[row] === 0) {
        labels.rule[row] = rule;
      }
    }
  }

  private writeSlot(
    chunks: Chunks,
    norms: Int32Array,
    first: number,
    next: number,
    slot: Slot,
    model: string,
  ): void {
    const { layer } = slot;
    const mark: Mark = (from, to, type, why) => {
      const rule = to > from ? this.labels.ruleId(`Structure: ${why} [${model}]`) : 0;
      for (let at = from; at < to; at++) {
        this.label(at, type, layer, rule);
      }
    };
    // A trailing normalisation without a product of its own (sandwich norms) ends the part before it.
    let end = next;
    while (end - 1 > first && chunks.gemms[end - 1] === 0 && chunks.kinds[end - 1] === 0) {
      end--;
    }
    const stop = chunks.start[end];
    markSlot(this.facts, slot, { start: chunks.start[first], body: norms[first], end: stop }, mark);
    for (let c = end; c < next; c++) {
      mark(chunks.start[c], norms[c], 'norm', 'normalisation after the part');
      mark(norms[c], chunks.start[c + 1], 'residual', 'added to the residual stream');
    }
  }

  private writeHead(chunks: Chunks, norms: Int32Array, c: number): void {
    const { roles } = this;
    const end = chunks.start[c + 1];
    const norm = this.labels.ruleId('Structure: normalisation after the last layer');
    const head = this.labels.ruleId('Structure: first product after the last layer');
    for (let i = chunks.start[c]; i < norms[c]; i++) {
      this.label(i, 'norm', -1, norm);
    }
    let at = norms[c];
    while (at < end && roles[at] !== 'gemm' && this.edges[at] === 0) {
      at++;
    }
    if (roles[at] !== 'gemm') {
      return;
    }
    const first = roles[at - 1] === 'fill' && at - 1 >= norms[c] ? at - 1 : at;
    for (let i = first; i < end && (i <= at || roles[i] === 'gemm_tail'); i++) {
      this.label(i, 'lm_head', -1, head);
    }
  }

  /** The first rows read between the head of one pass and the first layer of the next. */
  private writeEmbedding(chunks: Chunks, c: number): void {
    const { roles } = this;
    const from = Math.max(chunks.start[c], roles.lastIndexOf('gemm', chunks.start[c + 1] - 1) - 64);
    for (let at = from; at < chunks.start[c + 1]; at++) {
      if (roles[at] === 'gather') {
        const rule = 'Structure: first rows read before the first layer';
        this.label(at, 'embedding', -1, this.labels.ruleId(rule));
        return;
      }
    }
  }

  /** Tables of cosines and sines, made once a pass, outside the layers. */
  private writeRotaryTables(): void {
    const { roles } = this;
    const rule = this.labels.ruleId('Structure: table of cosines and sines, outside the layers');
    for (let at = 0; at < roles.length; at++) {
      if (roles[at] !== 'rotary_table') {
        continue;
      }
      let from = at;
      while (from > 0 && TABLE_ROLES.has(roles[from - 1])) {
        from--;
      }
      let to = at + 1;
      while (to < roles.length && TABLE_ROLES.has(roles[to])) {
        to++;
      }
      for (let i = from; i < to; i++) {
        this.label(i, 'rope', -1, rule);
      }
      at = to - 1;
    }
  }

  private label(at: number, type: LayerType, layer: number, rule: number): void {
    const row = this.events[at];
    const { labels } = this;
    const code = layerTypeCode(type);
    if (labels.type[row] === UNCLASSIFIED) {
      // Communication keeps what its name says of it: which layer waits for it is what order adds.
      const named = this.facts.named[at];
      labels.type[row] = COMMUNICATION.has(named) ? named : code;
      labels.index[row] = layer;
      labels.rule[row] = rule;
      labels.method[row] = STRUCTURE_METHOD;
    } else if (
      labels.index[row] === NO_LAYER &&
      labels.method[row] !== MODULE_METHOD &&
      sameWork(labels.type[row], code)
    ) {
      // A stack says which work it is, and order says in which layer.
      labels.index[row] = layer;
    }
  }
}

function bitsByType(bits: Partial<Record<LayerType, number>>): Uint8Array {
  const byType = new Uint8Array(LAYER_TYPES.length);
  for (const [type, bit] of Object.entries(bits)) {
    byType[layerTypeCode(type)] = bit;
  }
  return byType;
}

function sameWork(a: number, b: number): boolean {
  return a === b || (MOE.has(a) && MOE.has(b));
}

/** A graph that holds whole passes begins one where it is launched. */
function markGraphStarts(trace: Trace, events: Int32Array, edges: Uint8Array): void {
  const { launch, replayed } = trace.gpu;
  for (let from = 0; from < events.length;) {
    let to = from + 1;
    while (to < events.length && launch[events[to]] === launch[events[from]]) {
      to++;
    }
    if (replayed[events[from]] === 1 && to - from >= WHOLE_GRAPH) {
      edges[from] = 1;
    }
    from = to;
  }
}
