import type { ModuleNode } from './moduleTree.js';
import type { LayerStacks, ModuleVocabulary } from './layerStack.js';
import type { ModuleRule } from './rules.js';

const NO_IDS: ReadonlySet<string> = new Set();

/** Whether the pattern matches what the module is called: its class, or its name in a path. */
function isCalled(node: ModuleNode, pattern: RegExp): boolean {
  return (
    (node.className !== '' && pattern.test(node.className)) ||
    (node.word !== '' && pattern.test(node.word))
  );
}

function fits(rule: ModuleRule, node: ModuleNode): boolean {
  const { withChild } = rule;
  return (
    ((rule.class !== null && node.className !== '' && rule.class.test(node.className)) ||
      (rule.word !== null && node.word !== '' && rule.word.test(node.word))) &&
    !(rule.classNot?.test(node.className) ?? false) &&
    (withChild === null || node.children.some((child) => isCalled(child, withChild)))
  );
}

/** What a layer is made of, by the rules of role 'owner' alone. */
export function moduleVocabulary(
  rules: readonly ModuleRule[],
  blockClass: readonly RegExp[],
): ModuleVocabulary {
  const owners = rules.filter((rule) => rule.role === 'owner');
  return {
    isOwner: (node) => owners.some((rule) => fits(rule, node)),
    isBlockName: (node) => blockClass.some((pattern) => isCalled(node, pattern)),
  };
}

/** What a module is: the rule that says so, or 'residual' for a layer's own work around its mixers. */
export type ModuleVerdict = ModuleRule | 'layer-itself' | null;

/** Decides by class, place and surroundings what each module of a tree is; each node once. */
export class ModuleTypes {
  /** the rule whose class matched the node itself */
  private readonly own: (ModuleRule | null)[] = [];
  /** ids of the rules that matched the node or one around it, up to its layer */
  private readonly around: ReadonlySet<string>[] = [];
  private readonly verdicts: ModuleVerdict[] = [];
  private readonly ownerBelow: boolean[];
  private readonly classRules: readonly ModuleRule[];
  private readonly kernelRules: readonly ModuleRule[];

  constructor(
    nodes: readonly ModuleNode[],
    private readonly stacks: LayerStacks,
    rules: readonly ModuleRule[],
    private readonly blockClass: readonly RegExp[],
  ) {
    this.classRules = rules.filter((rule) => rule.kernel === null);
    this.kernelRules = rules.filter((rule) => rule.kernel !== null);
    for (const node of nodes) {
      const isBlock = stacks.blockOf[node.id] === node;
      const above = node.parent === null || isBlock ? NO_IDS : this.around[node.parent.id];
      const rule = isBlock
        ? null
        : (this.classRules.find((candidate) => this.holds(candidate, node, above)) ?? null);
      this.own.push(rule);
      this.around.push(rule === null || above.has(rule.id) ? above : new Set([...above, rule.id]));
      this.verdicts.push(this.decide(node, isBlock));
    }
    this.ownerBelow = nodes.map(() => false);
    for (let id = nodes.length - 1; id >= 0; id--) {
      const { parent } = nodes[id];
      if (parent !== null && (this.ownerBelow[id] || this.own[id]?.role === 'owner')) {
        this.ownerBelow[parent.id] = true;
      }
    }
  }

  private holds(rule: ModuleRule, node: ModuleNode, around: ReadonlySet<string>): boolean {
    if (!fits(rule, node)) {
      return false;
    }
    if (rule.in.length > 0 && !rule.in.some((id) => around.has(id))) {
      return false;
    }
    const { parent } = node;
    if (rule.directlyIn.length > 0) {
      const above = parent === null ? null : this.own[parent.id];
      if (above === null || !rule.directlyIn.includes(above.id)) {
        return false;
      }
    }
    const siblings = parent?.children ?? [node];
    const hasSibling = (pattern: RegExp) =>
      siblings.some((sibling) => sibling !== node && isCalled(sibling, pattern));
    if (rule.withSibling !== null && !hasSibling(rule.withSibling)) {
      return false;
    }
    if (rule.withoutSibling !== null && hasSibling(rule.withoutSibling)) {
      return false;
    }
    if (rule.alike !== null || rule.place !== null) {
      const alike = siblings.filter((sibling) => fits(rule, sibling));
      if (rule.alike !== null && (alike.length === 1) !== (rule.alike === 'one')) {
        return false;
      }
      if (rule.place !== null && (alike[0] === node) !== (rule.place === 'first')) {
        return false;
      }
    }
    if (rule.directlyInLayer && (parent === null || this.stacks.blockOf[parent.id] !== parent)) {
      return false;
    }
    const outside = this.stacks.blockOf[node.id] === null;
    if (rule.outsideLayers && !outside) {
      return false;
    }
    return !rule.afterLayers || (outside && this.comesAfterLayers(node));
  }

  private comesAfterLayers(node: ModuleNode): boolean {
    if (node.parent === null) {
      return false;
    }
    const { blockOf, holdsBlocks } = this.stacks;
    const layered = (sibling: ModuleNode) =>
      holdsBlocks[sibling.id] || blockOf[sibling.id] === sibling;
    const siblings = node.parent.children;
    const at = siblings.indexOf(node);
    return siblings.slice(0, at).some(layered) && !siblings.slice(at).some(layered);
  }

  /** The innermost owner or part from the layer down decides; without one the innermost leaf. */
  private decide(node: ModuleNode, isBlock: boolean): ModuleVerdict {
    if (isBlock) {
      return 'layer-itself';
    }
    const own = this.own[node.id];
    const above = node.parent === null ? null : this.verdicts[node.parent.id];
    const around = above === 'layer-itself' ? null : above;
    if (
      own === null &&
      around === null &&
      this.stacks.blockOf[node.id] !== null &&
      this.blockClass.some((pattern) => isCalled(node, pattern))
    ) {
      // A layer within the layer, as Zamba2 has them.
      return 'layer-itself';
    }
    return own === null || (own.role === 'leaf' && around !== null && around.role !== 'leaf')
      ? around
      : own;
  }

  /**
   * What work launched directly by the module is. Of a layer whose mixers were not seen apart nothing
   * can be said.
   */
  verdict(node: ModuleNode): ModuleVerdict {
    const verdict = this.verdicts[node.id];
    return verdict === 'layer-itself' && !this.ownerBelow[node.id] ? null : verdict;
  }

  /** True where the name of a kernel can change the verdict. */
  dependsOnKernel(node: ModuleNode): boolean {
    return this.kernelRules.some((rule) => rule.in.some((id) => this.around[node.id].has(id)));
  }

  /** The verdict for a call of that name. */
  verdictFor(node: ModuleNode, kernel: string): ModuleVerdict {
    const rule = this.kernelRules.find(
      (candidate) =>
        candidate.in.some((id) => this.around[node.id].has(id)) &&
        (candidate.kernel?.test(kernel) ?? false),
    );
    return rule ?? this.verdict(node);
  }

  /** Instances from the layer (outside layers: from the root) down to the module, by dots. */
  path(node: ModuleNode): string {
    const instances: string[] = [];
    const block = this.stacks.blockOf[node.id];
    for (let at: ModuleNode | null = node; at !== null; at = at.parent) {
      instances.unshift(at.instance);
      if (at === block || instances.length === LONGEST_PATH) {
        break;
      }
    }
    return instances.join('.');
  }
}

/** Modules a path names at most, the innermost: nobody nests deeper, a damaged file may. */
const LONGEST_PATH = 32;
