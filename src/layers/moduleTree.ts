import { MODULE, type Trace } from '../trace/index.js';
import { nearestAncestor } from './rangeAncestry.js';
import { testedText } from './testedText.js';

/** One module instance at one place of a model: the same instance under two parents is two nodes. */
export interface ModuleNode {
  readonly id: number;
  /** the module that calls it, null for a module called from outside any */
  readonly parent: ModuleNode | null;
  /** "NemotronHMoE" */
  readonly className: string;
  /** "NemotronHMoE_1": the profiler numbers the instances of a class; the number is no layer index */
  readonly instance: string;
  /** in the order of their first call */
  readonly children: ModuleNode[];
}

/** The modules a trace saw running, as a tree of who called whom. */
export interface ModuleTree {
  /** parents before their children */
  readonly nodes: readonly ModuleNode[];
  /** for each range the innermost module range at or above it, -1 = none */
  readonly moduleOf: Int32Array;
  /** for each module range the module range that encloses it, -1 = none; -1 for other ranges */
  readonly callerOf: Int32Array;
  /** for each module range its node, -1 for other ranges */
  readonly nodeOf: Int32Array;
}

const PREFIX = /^nn\.Module:\s*/;
const NUMBER = /_\d+$/;

/** The tree of the module ranges of all ranks; equal names on different ranks are different modules. */
export function buildModuleTree(trace: Trace): ModuleTree {
  const { ranges, lanes, names } = trace;
  const moduleOf = nearestAncestor(ranges, (i) => ranges.kind[i] === MODULE);
  const callerOf = new Int32Array(ranges.count).fill(-1);
  const nodeOf = new Int32Array(ranges.count).fill(-1);
  const nodes: ModuleNode[] = [];
  const childByName: Map<number, ModuleNode>[] = [];
  const rootsByRank = new Map<number, Map<number, ModuleNode>>();

  for (let i = 0; i < ranges.count; i++) {
    if (ranges.kind[i] === MODULE && ranges.parent[i] >= 0) {
      const caller = moduleOf[ranges.parent[i]];
      callerOf[i] = caller === i ? -1 : caller;
    }
  }

  const siblingsOf = (range: number): Map<number, ModuleNode> => {
    const caller = callerOf[range];
    if (caller >= 0 && nodeOf[caller] >= 0) {
      return childByName[nodeOf[caller]];
    }
    const rank = lanes[ranges.lane[range]].rank;
    const known = rootsByRank.get(rank);
    if (known !== undefined) {
      return known;
    }
    const roots = new Map<number, ModuleNode>();
    rootsByRank.set(rank, roots);
    return roots;
  };

  const place = (range: number): void => {
    const siblings = siblingsOf(range);
    let node = siblings.get(ranges.name[range]);
    if (node === undefined) {
      const instance = testedText(names.get(ranges.name[range])).replace(PREFIX, '');
      const caller = callerOf[range];
      const parent = caller >= 0 && nodeOf[caller] >= 0 ? nodes[nodeOf[caller]] : null;
      const className = instance.replace(NUMBER, '');
      node = { id: nodes.length, parent, className, instance, children: [] };
      nodes.push(node);
      childByName.push(new Map());
      parent?.children.push(node);
      siblings.set(ranges.name[range], node);
    }
    nodeOf[range] = node.id;
  };

  const path: number[] = [];
  const onPath = new Set<number>();
  for (let i = 0; i < ranges.count; i++) {
    if (ranges.kind[i] !== MODULE) {
      continue;
    }
    // Callers first. A circle of a damaged file is cut where it closes.
    let at = i;
    while (at >= 0 && nodeOf[at] < 0 && !onPath.has(at)) {
      path.push(at);
      onPath.add(at);
      at = callerOf[at];
    }
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      place(next);
      onPath.delete(next);
    }
  }
  return { nodes, moduleOf, callerOf, nodeOf };
}
