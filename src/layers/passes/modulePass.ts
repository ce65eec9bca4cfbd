import { layerTypeCode, METHODS, NO_LAYER, type Trace } from '../../trace/index.js';
import {
  ACCUMULATION,
  backwardSources,
  EvidenceSearch,
  OWN,
  VIA_WORDS,
  type Via,
} from '../backwardSources.js';
import { callEvidence } from '../callEvidence.js';
import { findLayerStacks, type LayerStacks } from '../layerStack.js';
import { buildModuleTree, type ModuleNode, type RangeModules } from '../moduleTree.js';
import { ModuleTypes, moduleVocabulary, type ModuleVerdict } from '../moduleTypes.js';
import type { AttributionPass, LabelDraft } from '../pass.js';
import { buildPathTree, statedPath } from '../pathTree.js';
import type { RuleSet } from '../rules.js';
import { testedText } from '../testedText.js';

const RESIDUAL = layerTypeCode('residual');
const ALL_TO_ALL = layerTypeCode('moe_all_to_all');
const MODULE_METHOD = METHODS.indexOf('module');

/** Modules of a trace, as one kind of range names them. */
interface NamedModules extends RangeModules {
  readonly stacks: LayerStacks;
  /** what rules call it */
  readonly noun: string;
  path(node: ModuleNode, types: ModuleTypes): string;
}

interface Answer {
  readonly type: number;
  /** descriptions by `Via`, as ids; 0 = not asked for yet */
  readonly rules: number[];
  readonly why: string;
}

/**
 * The strongest evidence: the module whose forward() made the launch, or whose gradient it computes.
 * nn.Module ranges are asked first, then annotations and operators that state a module's path. Gives
 * type, layer index and module path. Index and path are given even where no rule knows the module. An
 * index that a path states stands above one that was counted.
 */
export function modulePass(rules: RuleSet): AttributionPass {
  return {
    name: 'module ranges',
    run(trace: Trace, labels) {
      const tree = buildModuleTree(trace);
      if (tree.nodes.length > 0) {
        const vocabulary = moduleVocabulary(rules.modules, rules.blockClass);
        label(trace, labels, rules, {
          ...tree,
          stacks: findLayerStacks(trace.ranges, tree, vocabulary),
          noun: 'Module class',
          path: (node, types) => types.path(node),
        });
      }
      const paths = buildPathTree(trace, rules);
      if (paths !== null) {
        label(trace, labels, rules, { ...paths, noun: 'Module path', path: statedPath });
      }
    },
  };
}

function label(trace: Trace, labels: LabelDraft, rules: RuleSet, modules: NamedModules): void {
  const { nodes, nodeOf, stacks, noun } = modules;
  const types = new ModuleTypes(nodes, stacks, rules.modules, rules.blockClass);
  const { count, launchOf, isReplayed } = callEvidence(trace);
  const { gpu, launches } = trace;
  const names = (gpu.count > 0 ? gpu : launches).name;
  const sources = backwardSources(trace, rules);
  const search = new EvidenceSearch(trace, (range) => nodeOf[range] >= 0, sources);
  const isExchange = exchangeNames(trace, rules);

  const answerOf = (verdict: ModuleVerdict): Answer => {
    if (verdict === null) {
      return { type: 0, rules: [0, 0, 0], why: '' };
    }
    if (verdict === 'layer-itself') {
      return { type: RESIDUAL, rules: [0, 0, 0], why: 'the layer itself, outside its mixers' };
    }
    const why = `${verdict.why} [${verdict.id}]`;
    return { type: layerTypeCode(verdict.type), rules: [0, 0, 0], why };
  };
  const ruleFor = (answer: Answer, via: Via): number =>
    (answer.rules[via] ||= labels.ruleId(`${noun}: ${VIA_WORDS[via]}${answer.why}`));

  const byNode = new Map<ModuleNode, Answer>();
  const byKernel = new Map<ModuleNode, Map<number, Answer>>();
  const answerFor = (node: ModuleNode, name: number): Answer => {
    let answer = byNode.get(node);
    if (answer === undefined) {
      answer = answerOf(types.verdict(node));
      byNode.set(node, answer);
      if (types.dependsOnKernel(node)) {
        byKernel.set(node, new Map());
      }
    }
    const kernels = byKernel.get(node);
    if (kernels === undefined) {
      return answer;
    }
    let special = kernels.get(name);
    if (special === undefined) {
      special = answerOf(types.verdictFor(node, testedText(trace.names.get(name))));
      kernels.set(name, special);
    }
    return special;
  };
  const pathOf = new Map<ModuleNode, number>();
  const pathIdOf = (node: ModuleNode): number => {
    let id = pathOf.get(node);
    if (id === undefined) {
      id = trace.names.intern(modules.path(node, types));
      pathOf.set(node, id);
    }
    return id;
  };

  for (let i = 0; i < count; i++) {
    const module = launchOf(i) < 0 ? -1 : search.from(launches.range[launchOf(i)]);
    if (module < 0) {
      continue;
    }
    const { via } = search;
    const exchanges = isExchange(names[i]) || (gpu.count > 0 && gpu.collective[i] > 0);
    // Hooks send the gradients of many layers together.
    if (via === ACCUMULATION && exchanges) {
      continue;
    }
    const node = nodes[nodeOf[module]];
    if (stacks.indexOf[module] !== NO_LAYER) {
      labels.index[i] = stacks.indexOf[module];
    }
    labels.module[i] ||= pathIdOf(node);
    if (labels.type[i] !== 0) {
      continue;
    }
    const verdict = types.verdict(node);
    // One graph launch stands for everything that was captured: only an owner owns it all.
    const tooWide =
      isReplayed(i) && (verdict === null || verdict === 'layer-itself' || verdict.role === 'leaf');
    if (tooWide) {
      continue;
    }
    const answer = answerFor(node, names[i]);
    // Parameters and gradients that are gathered or reduced around a layer are not its own work.
    const passesThrough =
      exchanges && answer.type !== ALL_TO_ALL && (via !== OWN || verdict === 'layer-itself');
    if (answer.type !== 0 && !passesThrough) {
      labels.type[i] = answer.type;
      labels.rule[i] = ruleFor(answer, via);
      labels.method[i] = MODULE_METHOD;
    }
  }
}

/** Tells kernels that send data between GPUs by their names. */
function exchangeNames(trace: Trace, rules: RuleSet): (name: number) => boolean {
  const patterns = rules.names
    .filter((rule) => rule.type === 'collective' || rule.type === 'moe_all_to_all')
    .flatMap((rule) => rule.kernel ?? []);
  const known = new Map<number, boolean>();
  return (name) => {
    let answer = known.get(name);
    if (answer === undefined) {
      const text = testedText(trace.names.get(name));
      answer = patterns.some((pattern) => pattern.test(text));
      known.set(name, answer);
    }
    return answer;
  };
}
