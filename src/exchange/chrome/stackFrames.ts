import { frameWords } from '../../analysis/lookedAt.js';
import type { Trace } from '../../trace/index.js';
import { jsonText } from '../jsonText.js';

/** The stacks of a trace as one tree of frames, each a child of its caller: `stackFrames` and `sf`. */
export class StackFrames {
  private readonly nodes: { readonly frame: number; readonly parent: number }[] = [];
  private readonly ids = new Map<string, number>();
  private readonly leaves = new Map<number, number>();

  constructor(private readonly trace: Trace) {}

  /** Number of the innermost frame of a stack, -1 for an empty one. @param stack index of a stack */
  leaf(stack: number): number {
    let leaf = this.leaves.get(stack);
    if (leaf === undefined) {
      leaf = -1;
      for (const frame of this.trace.stacks.stacks[stack].toReversed()) {
        leaf = this.child(leaf, frame);
      }
      this.leaves.set(stack, leaf);
    }
    return leaf;
  }

  /** Members of the object `stackFrames`. */
  *members(): Generator<string, void, undefined> {
    for (const [id, { frame, parent }] of this.nodes.entries()) {
      const { library } = this.trace.stacks.frames[frame];
      const name = jsonText(frameWords(this.trace.stacks.frames[frame]));
      const above = parent < 0 ? '' : `,"parent":"${parent}"`;
      yield `"${id}":{"category":${jsonText(library)},"name":${name}${above}}`;
    }
  }

  private child(parent: number, frame: number): number {
    const key = `${parent}/${frame}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.nodes.push({ frame, parent }) - 1;
      this.ids.set(key, id);
    }
    return id;
  }
}
