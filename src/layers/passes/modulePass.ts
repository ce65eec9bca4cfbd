import { layerTypeCode, METHODS, type Trace } from '../../trace/index.js';
import { callEvidence } from '../callEvidence.js';
import { findLayerStacks } from '../layerStack.js';
import { buildModuleTree, type ModuleNode } from '../moduleTree.js';
import { ModuleTypes, moduleVocabulary, type ModuleVerdict } from '../moduleTypes.js';
import type { AttributionPass } from '../pass.js';
import type { RuleSet } from '../rules.js';
import { testedText } from '../testedText.js';

const RESIDUAL = layerTypeCode('residual');
const MODULE_METHOD = METHODS.indexOf('module');

/**
 * The strongest evidence: the nn.Module whose forward() made the launch. Gives type, layer index and
 * module path. Index and path are given even where no rule knows the class.
 */
export function modulePass(rules: RuleSet): AttributionPass {
  return {
    name: 'module ranges',
    run(trace: Trace, labels) {
      const tree = buildModuleTree(trace);
      if (tree.nodes.length === 0) {
        return;
      }
      const vocabulary = moduleVocabulary(rules.modules, rules.blockClass);
      const stacks = findLayerStacks(trace.ranges, tree, vocabulary);
      const types = new ModuleTypes(tree.nodes, stacks, rules.modules);
      const { count, launch, replayed } = callEvidence(trace);
      const names = (trace.gpu.count > 0 ? trace.gpu : trace.launches).name;

      const typeAndRule = (verdict: ModuleVerdict): { type: number; rule: number } => {
        if (verdict === null) {
          return { type: 0, rule: 0 };
        }
        if (verdict === 'layer-itself') {
          const rule = labels.ruleId('Module class: the layer itself, outside its mixers');
          return { type: RESIDUAL, rule };
        }
        const rule = labels.ruleId(`Module class: ${verdict.why} [${verdict.id}]`);
        return { type: layerTypeCode(verdict.type), rule };
      };
      const byNode = new Map<ModuleNode, { type: number; rule: number }>();
      const byKernel = new Map<ModuleNode, Map<number, { type: number; rule: number }>>();
      const answerFor = (node: ModuleNode, name: number): { type: number; rule: number } => {
        let answer = byNode.get(node);
        if (answer === undefined) {
          answer = typeAndRule(types.verdict(node));
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
          special = typeAndRule(types.verdictFor(node, testedText(trace.names.get(name))));
          kernels.set(name, special);
        }
        return special;
      };
      const pathOf = new Map<ModuleNode, number>();
      const pathIdOf = (node: ModuleNode): number => {
        let id = pathOf.get(node);
        if (id === undefined) {
          id = trace.names.intern(types.path(node));
          pathOf.set(node, id);
        }
        return id;
      };

      for (let i = 0; i < count; i++) {
        const range = launch[i] < 0 ? -1 : trace.launches.range[launch[i]];
        const module = range < 0 ? -1 : tree.moduleOf[range];
        if (module < 0) {
          continue;
        }
        const node = tree.nodes[tree.nodeOf[module]];
        labels.index[i] = stacks.indexOf[module];
        labels.module[i] = pathIdOf(node);
        const verdict = types.verdict(node);
        // One graph launch stands for everything that was captured: only an owner owns it all.
        const tooWide =
          replayed[i] === 1 &&
          (verdict === null || verdict === 'layer-itself' || verdict.role === 'leaf');
        if (tooWide) {
          continue;
        }
        const { type, rule } = answerFor(node, names[i]);
        if (type !== 0) {
          labels.type[i] = type;
          labels.rule[i] = rule;
          labels.method[i] = MODULE_METHOD;
        }
      }
    },
  };
}
