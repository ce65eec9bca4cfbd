import { NO_LAYER, type RangeColumns } from '../trace/index.js';
import type { ModuleNode, ModuleTree } from './moduleTree.js';

/** What layer search has to know of a module, from the rules. */
export interface ModuleVocabulary {
  /** the class is a mixer, an MLP, ...: what a layer is made of, never the layer itself */
  isOwner(node: ModuleNode): boolean;
  /** the class is named as a layer ("...DecoderLayer", "...Block") */
  isBlockName(node: ModuleNode): boolean;
}

/** The layers of the models of a trace. */
export interface LayerStacks {
  /** for each node the layer it is or lies in; null outside the layers */
  readonly blockOf: readonly (ModuleNode | null)[];
  /** for each node whether layers lie beneath it */
  readonly holdsBlocks: readonly boolean[];
  /** for each range that is a module: the layer index, -1 = outside or not known */
  readonly indexOf: Int16Array;
}

const HIGHEST_INDEX = 0x7fff;

function countByClass(nodes: readonly ModuleNode[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    counts.set(node.className, (counts.get(node.className) ?? 0) + 1);
  }
  return counts;
}

/**
 * Which modules are layers. A layer is made of owners (attention, mixer, MLP) without being one, and
 * stands beside others of its class, or is named a layer. Where such modules in turn hold several
 * alike, they are stages and the search goes on inside.
 */
function findBlocks(tree: ModuleTree, vocabulary: ModuleVocabulary): Set<ModuleNode> {
  const { nodes } = tree;
  const isOwner = nodes.map((node) => vocabulary.isOwner(node));
  const ownerBelow: boolean[] = nodes.map(() => false);
  const repeatsBelow: boolean[] = nodes.map(() => false);
  const candidates = (node: ModuleNode) =>
    node.children.filter((child) => !isOwner[child.id] && ownerBelow[child.id]);
  for (let id = nodes.length - 1; id >= 0; id--) {
    const { children } = nodes[id];
    ownerBelow[id] = children.some((child) => isOwner[child.id] || ownerBelow[child.id]);
    if (!isOwner[id] && ownerBelow[id]) {
      const counts = countByClass(candidates(nodes[id]));
      repeatsBelow[id] =
        [...counts.values()].some((count) => count > 1) ||
        children.some((child) => repeatsBelow[child.id]);
    }
  }
  const blocks = new Set<ModuleNode>();
  const open: ModuleNode[] = [];
  for (const node of nodes) {
    if (node.parent === null && !isOwner[node.id]) {
      // A layer whose callers the recording did not see.
      if (vocabulary.isBlockName(node) && ownerBelow[node.id] && !repeatsBelow[node.id]) {
        blocks.add(node);
      } else {
        open.push(node);
      }
    }
  }
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const parts = candidates(node);
    const counts = countByClass(parts);
    for (const part of parts) {
      const isLayer = (counts.get(part.className) ?? 0) > 1 || vocabulary.isBlockName(part);
      if (isLayer && !repeatsBelow[part.id]) {
        blocks.add(part);
      } else {
        open.push(part);
      }
    }
  }
  return blocks.size > 0 ? blocks : closedBlocks(nodes, isOwner, vocabulary);
}

/**
 * Layers that show nothing of what is in them, as compiled ones do: those named so that stand beside
 * others of their class, the outermost.
 */
function closedBlocks(
  nodes: readonly ModuleNode[],
  isOwner: readonly boolean[],
  vocabulary: ModuleVocabulary,
): Set<ModuleNode> {
  const blocks = new Set<ModuleNode>();
  const within = nodes.map(() => false);
  for (const node of nodes) {
    const { parent } = node;
    within[node.id] =
      isOwner[node.id] || (parent !== null && (within[parent.id] || blocks.has(parent)));
    if (!within[node.id] && parent !== null && vocabulary.isBlockName(node)) {
      const alike = parent.children.filter((child) => child.className === node.className);
      if (alike.length > 1) {
        blocks.add(node);
      }
    }
  }
  return blocks;
}

/**
 * The position of each layer in one forward call of the module that holds the layers. The call with
 * the most layers decides; another call may leave layers out but must keep the order, else the order
 * is not known and no index is given. A call that runs one layer several times (shared weights)
 * counts by position.
 */
function indexLayers(
  ranges: RangeColumns,
  tree: ModuleTree,
  blocks: ReadonlySet<ModuleNode>,
): { indexOf: Int16Array; fixed: ReadonlyMap<number, number> } {
  const { nodes, nodeOf, callerOf } = tree;
  const indexOf = new Int16Array(ranges.count).fill(NO_LAYER);
  /** by node of the holder: its calls, each the layer ranges in time order */
  const holders = new Map<number, Map<number, number[]>>();
  for (let i = 0; i < ranges.count; i++) {
    if (nodeOf[i] < 0 || callerOf[i] < 0 || !blocks.has(nodes[nodeOf[i]])) {
      continue;
    }
    const holder = nodeOf[callerOf[i]];
    const calls = holders.get(holder) ?? new Map<number, number[]>();
    holders.set(holder, calls);
    const call = calls.get(callerOf[i]);
    if (call === undefined) {
      calls.set(callerOf[i], [i]);
    } else {
      call.push(i);
    }
  }
  /** by node of a layer: its index, where it has one in all calls */
  const fixed = new Map<number, number>();
  for (const calls of holders.values()) {
    const distinct = (call: readonly number[]) => new Set(call.map((range) => nodeOf[range])).size;
    let reference: readonly number[] = [];
    let most = 0;
    for (const call of calls.values()) {
      const layers = distinct(call);
      if (layers > most) {
        most = layers;
        reference = call;
      }
    }
    const looped = [...calls.values()].some((call) => distinct(call) < call.length);
    if (looped) {
      for (const call of calls.values()) {
        call.forEach((range, i) => (indexOf[range] = i <= HIGHEST_INDEX ? i : NO_LAYER));
      }
      continue;
    }
    const position = new Map(reference.map((range, i) => [nodeOf[range], i]));
    const keepsOrder = [...calls.values()].every((call) => {
      let last = -1;
      return call.every((range) => {
        const i = position.get(nodeOf[range]) ?? last;
        const ascending = i >= last;
        last = i;
        return ascending;
      });
    });
    if (!keepsOrder) {
      continue;
    }
    for (const call of calls.values()) {
      for (const range of call) {
        const i = position.get(nodeOf[range]) ?? NO_LAYER;
        indexOf[range] = i <= HIGHEST_INDEX ? i : NO_LAYER;
        fixed.set(nodeOf[range], indexOf[range]);
      }
    }
  }
  // Calls of a layer whose caller was not recorded.
  for (let i = 0; i < ranges.count; i++) {
    if (nodeOf[i] >= 0 && callerOf[i] < 0 && blocks.has(nodes[nodeOf[i]])) {
      indexOf[i] = fixed.get(nodeOf[i]) ?? NO_LAYER;
    }
  }
  return { indexOf, fixed };
}

/** Finds the layers in a module tree and numbers them. */
export function findLayerStacks(
  ranges: RangeColumns,
  tree: ModuleTree,
  vocabulary: ModuleVocabulary,
): LayerStacks {
  const { nodes, nodeOf, callerOf } = tree;
  const blocks = findBlocks(tree, vocabulary);
  const blockOf: (ModuleNode | null)[] = [];
  for (const node of nodes) {
    blockOf.push(blocks.has(node) ? node : node.parent === null ? null : blockOf[node.parent.id]);
  }
  const holdsBlocks = nodes.map(() => false);
  for (const block of blocks) {
    for (let up = block.parent; up !== null && !holdsBlocks[up.id]; up = up.parent) {
      holdsBlocks[up.id] = true;
    }
  }
  const { indexOf: ofLayer, fixed } = indexLayers(ranges, tree, blocks);
  // Modules inside a layer take its index. Callers stand before what they call; where a damaged
  // file has it otherwise the index stays unknown.
  const indexOf = new Int16Array(ranges.count).fill(NO_LAYER);
  for (let i = 0; i < ranges.count; i++) {
    const block = nodeOf[i] < 0 ? null : blockOf[nodeOf[i]];
    if (block === null) {
      continue;
    }
    const caller = callerOf[i];
    if (blocks.has(nodes[nodeOf[i]])) {
      indexOf[i] = ofLayer[i];
    } else if (caller < 0) {
      // The recording began inside the layer.
      indexOf[i] = fixed.get(block.id) ?? NO_LAYER;
    } else if (caller < i) {
      indexOf[i] = indexOf[caller];
    }
  }
  return { blockOf, holdsBlocks, indexOf };
}
