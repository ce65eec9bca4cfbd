import { MODULE, type Trace } from '../trace/index.js';
import { nearestAncestor } from './rangeAncestry.js';
import { testedText } from './testedText.js';

/** One module instance at one place of a model: the same instance under two parents is two nodes. */
export interface ModuleNode {
  readonly id: number;
  /** the module that calls it, null for a module called from outside any */
  readonly parent: ModuleNode | null;
  /** "NemotronHMoE"; '' where only a path names the module */
  readonly className: string;
  /** the module's name in its path, without a number ("self_attn", "layers"); '' where no path is stated */
  readonly word: string;
  /** "NemotronHMoE_1": the profiler numbers the instances of a class; the number is no layer index */
  readonly instance: string;
  /** in the order of their first call */
  readonly children: ModuleNode[];
}

/** Modules, and which ranges are theirs. */
export interface RangeModules {
  /** parents before their children */
  readonly nodes: readonly ModuleNode[];
  /** for each module range its node, -1 for other ranges */
  readonly nodeOf: Int32Array;
}

/** The modules a trace saw running, as a tree of who called whom. */
export interface ModuleTree extends RangeModules {
  /** for each module range the module range that encloses it, -1 = none; -1 for other ranges */
  readonly callerOf: Int32Array;
}

const PREFIX = /^nn\.Module:\s*/;
const NUMBER = /_\d+$/;

/**
 * The tree of the module ranges of all ranks; equal names on different ranks, or in different processes
 * of one file, are different modules.
 *
 * A module may run with its callers out of sight: the recording began inside them, or the backward
 * thread runs a checkpointed layer again. Where its name stands at exactly one place of the tree it is
 * that module.
 */
export function buildModuleTree(trace: Trace): ModuleTree {
  const { ranges, lanes, names } = trace;
  const moduleOf = nearestAncestor(ranges, (i) => ranges.kind[i] === MODULE);
  const callerOf = new Int32Array(ranges.count).fill(-1);
  const nodeOf = new Int32Array(ranges.count).fill(-1);
  const nodes: ModuleNode[] = [];
  const childByName: Map<number, ModuleNode>[] = [];
  const rootsByProcess = new Map<string, Map<number, ModuleNode>>();

  for (let i = 0; i < ranges.count; i++) {
    if (ranges.kind[i] === MODULE && ranges.parent[i] >= 0) {
      const caller = moduleOf[ranges.parent[i]];
      callerOf[i] = caller === i ? -1 : caller;
    }
  }

  const processOfLane = lanes.map(({ rank, process }) => `${rank}/${process}`);
  const processOf = (range: number): string => processOfLane[ranges.lane[range]];

  const siblingsOf = (range: number): Map<number, ModuleNode> => {
    const caller = callerOf[range];
    if (caller >= 0 && nodeOf[caller] >= 0) {
      return childByName[nodeOf[caller]];
    }
    const key = processOf(range);
    const known = rootsByProcess.get(key);
    if (known !== undefined) {
      return known;
    }
    const roots = new Map<number, ModuleNode>();
    rootsByProcess.set(key, roots);
    return roots;
  };

  /** By process and name: the one place that is called by a module, -1 where there are several. */
  const placesByName = (): Map<string, number> => {
    const places = new Map<string, number>();
    for (let i = 0; i < ranges.count; i++) {
      const node = nodeOf[i];
      if (node >= 0 && nodes[node].parent !== null) {
        const key = `${processOf(i)}/${ranges.name[i]}`;
        const known = places.get(key);
        places.set(key, known === undefined || known === node ? node : -1);
      }
    }
    return places;
  };

  const place = (range: number): void => {
    if (nodeOf[range] >= 0) {
      return;
    }
    const siblings = siblingsOf(range);
    let node = siblings.get(ranges.name[range]);
    if (node === undefined) {
      const instance = testedText(names.get(ranges.name[range])).replace(PREFIX, '');
      const caller = callerOf[range];
      const parent = caller >= 0 && nodeOf[caller] >= 0 ? nodes[nodeOf[caller]] : null;
      const className = instance.replace(NUMBER, '');
      node = { id: nodes.length, parent, className, word: '', instance, children: [] };
      nodes.push(node);
      childByName.push(new Map());
      parent?.children.push(node);
      siblings.set(ranges.name[range], node);
    }
    nodeOf[range] = node.id;
  };

  const path: number[] = [];
  const onPath = new Set<number>();
  /** Places the modules, callers first, except those called beneath a root that `putOff` puts off. */
  const placeAll = (putOff: (root: number) => boolean): void => {
    for (let i = 0; i < ranges.count; i++) {
      if (ranges.kind[i] !== MODULE) {
        continue;
      }
      // A circle of a damaged file is cut where it closes.
      let at = i;
      while (at >= 0 && nodeOf[at] < 0 && !onPath.has(at)) {
        path.push(at);
        onPath.add(at);
        at = callerOf[at];
      }
      const wait = at < 0 && path.length > 0 && putOff(path[path.length - 1]);
      for (let next = path.pop(); next !== undefined; next = path.pop()) {
        onPath.delete(next);
        if (!wait) {
          place(next);
        }
      }
    }
  };

  const called = new Map<string, Set<number>>();
  for (let i = 0; i < ranges.count; i++) {
    if (callerOf[i] >= 0) {
      const key = processOf(i);
      const callees = called.get(key) ?? new Set<number>();
      called.set(key, callees);
      callees.add(ranges.name[i]);
    }
  }
  let waiting = false;
  placeAll((root) => {
    const waits = called.get(processOf(root))?.has(ranges.name[root]) ?? false;
    waiting ||= waits;
    return waits;
  });
  if (waiting) {
    const places = placesByName();
    placeAll((root) => {
      const known = places.get(`${processOf(root)}/${ranges.name[root]}`);
      if (known !== undefined && known >= 0) {
        nodeOf[root] = known;
      }
      return false;
    });
  }
  return { nodes, callerOf, nodeOf };
}
