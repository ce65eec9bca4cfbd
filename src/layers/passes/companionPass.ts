import {
  GpuBuilder,
  KERNEL,
  layerTypeCode,
  timeKindOf,
  UNCLASSIFIED,
  type LayerLabels,
  type Trace,
} from '../../trace/index.js';
import { newLabelDraft } from '../labelDraft.js';
import { LabelCopies, type Labelled } from '../labelCopies.js';
import type { AttributionPass, LabelDraft } from '../pass.js';
import { KERNEL_ROLES, type RuleSet } from '../rules.js';
import { capturedGraphs } from '../structure/capturedLaunches.js';
import { distinctPasses, passesOf, type PassRows } from '../structure/forwardPasses.js';
import { KernelRoles } from '../structure/kernelRoles.js';
import { alignSequences, type SequenceMatch, type Token } from '../structure/sequenceAlignment.js';
import { modulePass } from './modulePass.js';
import type { NamesAlone } from './namePass.js';
import { stackPass } from './stackPass.js';

/** Below this likeness two passes are of different models, or of different work. */
const LEAST_LIKENESS = 0.4;
/** Passes of the companion a pass is compared with, the nearest in length first. */
const MOST_CANDIDATES = 6;
/** A graph with fewer kernels than this share of a pass is a piece of one. */
const WHOLE_PASS = 0.6;

/** Of distinctive kernels, the share that must stand where calls of their kind were recorded. */
const LEAST_AGREEMENT = 0.95;
/** Kinds of work that names and modules tell alike; the parts of a mixture of experts are one kind. */
const DISTINCT: ReadonlyMap<number, string> = new Map([
  [layerTypeCode('mamba'), 'mamba'],
  [layerTypeCode('linear_attention'), 'linear_attention'],
  [layerTypeCode('attention'), 'attention'],
  [layerTypeCode('mlp'), 'mlp'],
  [layerTypeCode('moe_router'), 'moe'],
  [layerTypeCode('moe_experts'), 'moe'],
  [layerTypeCode('moe_shared_expert'), 'moe'],
  [layerTypeCode('moe_all_to_all'), 'moe'],
]);

/**
 * Labels from another trace of the same model, whose kernels are told by modules or stacks. Kernels of
 * a pass come in the order of the model's code in both; kernels that only one has (memsets, fused or
 * split work) are left out of the comparison.
 */
export function companionPass(
  rules: RuleSet,
  companion: Labelled | undefined,
  namesAlone: NamesAlone,
): AttributionPass {
  return {
    name: 'companion trace',
    run(trace: Trace, labels) {
      if (companion === undefined || timeKindOf(trace) !== 'gpu') {
        return;
      }
      const named = namesAlone(trace);
      fromCaptures(trace, labels, named, companion.trace, rules);
      fromPasses(trace, labels, named, companion, rules);
    },
  };
}

/** Replayed kernels stand for the calls that were recorded into their graph, one for one. */
function fromCaptures(
  trace: Trace,
  labels: LabelDraft,
  named: LayerLabels,
  other: Trace,
  rules: RuleSet,
): void {
  const captured = capturedGraphs(other);
  if (captured.length === 0) {
    return;
  }
  const calls = callLabels(other, rules);
  const graphs = captured.filter(({ all }) =>
    all.some((call) => calls.type[call] !== UNCLASSIFIED),
  );
  const copies = new LabelCopies(trace, labels, { trace: other, labels: calls });
  for (const rows of replays(trace).values()) {
    const kernels = rows.filter((row) => trace.gpu.kind[row] === KERNEL);
    let found = false;
    for (const graph of graphs) {
      const [own, recorded] =
        graph.all.length === rows.length ? [rows, graph.all] : [kernels, graph.kernels];
      found = own.length === recorded.length && agrees(named, own, calls, recorded);
      if (found) {
        const oneForOne = Int32Array.from(own, (_, i) => i);
        copies.copy(Int32Array.from(own), recorded, oneForOne);
        break;
      }
    }
    if (!found) {
      const why =
        graphs.length === 0
          ? 'the calls recorded into its graphs have neither modules nor a stack'
          : `no graph recorded in it has ${rows.length} calls of such kinds in this order`;
      copies.explain(Int32Array.from(rows), why);
    }
  }
}

/** Rows of the GPU events of each graph launch, in the order they ran. */
function replays({ gpu }: Trace): Map<number, number[]> {
  const byLaunch = new Map<number, number[]>();
  for (let row = 0; row < gpu.count; row++) {
    if (gpu.replayed[row] === 1) {
      const rows = byLaunch.get(gpu.launch[row]);
      if (rows === undefined) {
        byLaunch.set(gpu.launch[row], [row]);
      } else {
        rows.push(row);
      }
    }
  }
  return byLaunch;
}

/**
 * Whether distinctive kernels stand where their calls were recorded: a graph of several streams may run
 * in another order than it was recorded in, with the same count.
 */
function agrees(
  named: LayerLabels,
  rows: readonly number[],
  calls: LayerLabels,
  recorded: Int32Array,
): boolean {
  let both = 0;
  let same = 0;
  rows.forEach((row, i) => {
    const a = DISTINCT.get(named.type[row]);
    const b = DISTINCT.get(calls.type[recorded[i]]);
    if (a !== undefined && b !== undefined) {
      both++;
      same += a === b ? 1 : 0;
    }
  });
  return same >= LEAST_AGREEMENT * both;
}

/** Labels of the API calls of a trace, whatever they put on a GPU. */
function callLabels(trace: Trace, rules: RuleSet): LayerLabels {
  const calls: Trace = { ...trace, gpu: new GpuBuilder().build() };
  const draft = newLabelDraft(calls.launches.count);
  modulePass(rules).run(calls, draft);
  stackPass(rules).run(calls, draft);
  return draft;
}

function fromPasses(
  trace: Trace,
  labels: LabelDraft,
  named: LayerLabels,
  companion: Labelled,
  rules: RuleSet,
): void {
  const recorded = distinctPasses(
    companion.trace,
    passesOf(companion.trace, companion.labels, Infinity),
  );
  if (recorded.length === 0) {
    return;
  }
  const shortest = recorded.reduce((least, { rows }) => Math.min(least, rows.length), Infinity);
  const tokens = new Tokens(rules, trace, companion.trace);
  const candidates = recorded.map(({ rows }) => ({
    rows,
    tokens: tokens.of(companion.trace, rows),
  }));
  const copies = new LabelCopies(trace, labels, companion);
  const own = passesOf(trace, named, shortest * WHOLE_PASS);
  for (const { rows, same } of distinctPasses(trace, own)) {
    const open = same.filter((pass) => pass.some((row) => labels.type[row] === UNCLASSIFIED));
    if (open.length === 0) {
      continue;
    }
    const found = bestMatch(tokens.of(trace, rows), candidates);
    for (const pass of open) {
      if (found === null) {
        copies.explain(
          pass,
          'no forward pass of the companion trace runs such kernels in this order',
        );
      } else {
        copies.copy(pass, found.rows, found.match.to);
      }
    }
  }
}

/** Names and roles as numbers that mean the same in both traces. */
class Tokens {
  private readonly ids = new Map<string, number>();
  private readonly known = new Map<Trace, Map<number, Token>>();
  private readonly roles: Map<Trace, KernelRoles>;

  constructor(rules: RuleSet, ...traces: readonly Trace[]) {
    this.roles = new Map(
      traces.map((trace) => [trace, new KernelRoles(trace.names, rules.structure)]),
    );
  }

  of(trace: Trace, rows: PassRows): Token[] {
    const known = this.known.get(trace) ?? new Map<number, Token>();
    this.known.set(trace, known);
    return Array.from(rows, (row) => {
      const name = trace.gpu.name[row];
      let token = known.get(name);
      if (token === undefined) {
        const text = trace.names.get(name);
        const role = this.roles.get(trace)?.of(name) ?? null;
        const id = this.ids.get(text) ?? this.ids.size + 1;
        this.ids.set(text, id);
        token = { name: id, like: role === null ? 0 : KERNEL_ROLES.indexOf(role) + 1 };
        known.set(name, token);
      }
      return token;
    });
  }
}

function bestMatch(
  own: readonly Token[],
  candidates: readonly { readonly rows: PassRows; readonly tokens: readonly Token[] }[],
): { match: SequenceMatch; rows: PassRows } | null {
  const nearest = [...candidates]
    .sort((a, b) => Math.abs(a.tokens.length - own.length) - Math.abs(b.tokens.length - own.length))
    .slice(0, MOST_CANDIDATES);
  let best: { match: SequenceMatch; rows: PassRows } | null = null;
  for (const { rows, tokens } of nearest) {
    const match = alignSequences(own, tokens);
    if (match.likeness >= LEAST_LIKENESS && match.likeness > (best?.match.likeness ?? 0)) {
      best = { match, rows };
    }
  }
  return best;
}
