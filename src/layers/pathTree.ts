import { ANNOTATION, NO_LAYER, OP, type Trace } from '../trace/index.js';
import type { LayerStacks } from './layerStack.js';
import {
  parseModulePath,
  statedModule,
  type PathElement,
  type StatedModule,
} from './modulePath.js';
import type { ModuleNode, RangeModules } from './moduleTree.js';
import { nearestAncestor } from './rangeAncestry.js';
import type { RuleSet } from './rules.js';
import { testedText } from './testedText.js';

/** Modules that the trace names by their place in the model, with the layers among them. */
export interface PathTree extends RangeModules {
  readonly stacks: LayerStacks;
}

/** A layer's number has to fit the labels' column. */
const HIGHEST_INDEX = 0x7fff;

/**
 * The modules that annotations (layer-wise NVTX ranges, "layer 17", ...) and operators (module
 * hierarchies) name by path. Here the number in a path is the layer's index: it is the position in the
 * model's own list of layers.
 * @returns null where the trace names none
 */
export function buildPathTree(trace: Trace, rules: RuleSet): PathTree | null {
  const { ranges, names, lanes } = trace;
  const { hierarchy } = ranges;
  const byName = new Map<number, StatedModule | null>();
  const statedBy = (name: number): StatedModule | null => {
    let stated = byName.get(name);
    if (stated === undefined) {
      stated = statedModule(testedText(names.get(name)), rules.ranges);
      byName.set(name, stated);
    }
    return stated;
  };
  const byHierarchy = new Map<number, StatedModule | null>();
  const hierarchyOf = (text: number): StatedModule | null => {
    let stated = byHierarchy.get(text);
    if (stated === undefined) {
      const elements = parseModulePath(testedText(names.get(text)));
      stated = elements.length > 0 ? { absolute: true, elements } : null;
      byHierarchy.set(text, stated);
    }
    return stated;
  };
  const statedOf = (range: number): StatedModule | null =>
    ranges.kind[range] === ANNOTATION
      ? statedBy(ranges.name[range])
      : ranges.kind[range] === OP && hierarchy !== undefined && hierarchy[range] !== 0
        ? hierarchyOf(hierarchy[range])
        : null;

  let any = false;
  for (let i = 0; i < ranges.count && !any; i++) {
    any = statedOf(i) !== null;
  }
  if (!any) {
    return null;
  }

  const nodes: ModuleNode[] = [];
  const numbers: number[] = [];
  const childByText: Map<string, ModuleNode>[] = [];
  const rootsOf = new Map<string, Map<string, ModuleNode>>();
  const nodeOf = new Int32Array(ranges.count).fill(-1);
  const nearest = nearestAncestor(ranges, (i) => statedOf(i) !== null);

  const child = (
    siblings: Map<string, ModuleNode>,
    parent: ModuleNode | null,
    { word, className, text, number }: PathElement,
  ): ModuleNode => {
    let node = siblings.get(text);
    if (node === undefined) {
      node = { id: nodes.length, parent, className, word, instance: text, children: [] };
      nodes.push(node);
      numbers.push(number);
      childByText.push(new Map());
      parent?.children.push(node);
      siblings.set(text, node);
    }
    return node;
  };
  const processOfLane = lanes.map(({ rank, process }) => `${rank}/${process}`);
  const place = (range: number, stated: StatedModule): void => {
    const above = ranges.parent[range] < 0 ? -1 : nearest[ranges.parent[range]];
    let node = stated.absolute || above < 0 || nodeOf[above] < 0 ? null : nodes[nodeOf[above]];
    const key = processOfLane[ranges.lane[range]];
    const roots = rootsOf.get(key) ?? new Map<string, ModuleNode>();
    rootsOf.set(key, roots);
    for (const element of stated.elements) {
      node = child(node === null ? roots : childByText[node.id], node, element);
    }
    nodeOf[range] = node?.id ?? -1;
  };
  // Ranges stand in time order, the outer before the inner.
  for (let i = 0; i < ranges.count; i++) {
    const stated = nearest[i] === i ? statedOf(i) : null;
    if (stated !== null) {
      place(i, stated);
    }
  }
  return { nodes, nodeOf, stacks: layersOf(nodes, numbers, nodeOf, rules) };
}

/**
 * The layers are the numbered items of the outermost list with a list's name; of a list in a stage,
 * where such an item holds one.
 */
function layersOf(
  nodes: readonly ModuleNode[],
  numbers: readonly number[],
  nodeOf: Int32Array,
  rules: RuleSet,
): LayerStacks {
  const matches = (patterns: readonly RegExp[], node: ModuleNode) =>
    numbers[node.id] >= 0 && patterns.some((pattern) => pattern.test(node.word));
  const blockOf: (ModuleNode | null)[] = [];
  const holdsBlocks = nodes.map(() => false);
  for (const node of nodes) {
    const above = node.parent === null ? null : blockOf[node.parent.id];
    const isStage = node.children.some((inner) => matches(rules.listInStage, inner));
    blockOf.push(above ?? (matches(rules.layerList, node) && !isStage ? node : null));
    if (blockOf[node.id] === node) {
      for (let up = node.parent; up !== null && !holdsBlocks[up.id]; up = up.parent) {
        holdsBlocks[up.id] = true;
      }
    }
  }
  const indexOf = new Int16Array(nodeOf.length).fill(NO_LAYER);
  for (let i = 0; i < nodeOf.length; i++) {
    const block = nodeOf[i] < 0 ? null : blockOf[nodeOf[i]];
    if (block !== null && numbers[block.id] <= HIGHEST_INDEX) {
      indexOf[i] = numbers[block.id];
    }
  }
  return { blockOf, holdsBlocks, indexOf };
}

/** The path as stated, by dots. */
export function statedPath(node: ModuleNode): string {
  const texts: string[] = [];
  for (let at: ModuleNode | null = node; at !== null; at = at.parent) {
    texts.unshift(at.instance);
  }
  return texts.join('.');
}
