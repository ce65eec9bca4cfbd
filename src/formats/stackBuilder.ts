import { NO_STACK, type Frame, type StackTable } from '../trace/index.js';

/** Collects call stacks, each different frame and each different stack stored once. */
export class StackBuilder {
  private readonly frames: Frame[] = [];
  private readonly frameIds = new Map<string, number>();
  /** of the frames that are stored: a reader may give the same object again */
  private readonly seen = new WeakMap<Frame, number>();
  private readonly stacks: Uint32Array[] = [];
  private readonly stackIds = new Map<string, number>();

  /**
   * @param frames leaf (innermost) first
   * @returns the stack's index in `Trace.stacks`; NO_STACK for no frames
   */
  add(frames: readonly Frame[]): number {
    if (frames.length === 0) {
      return NO_STACK;
    }
    const ids = Uint32Array.from(frames, (frame) => this.frame(frame));
    const key = ids.join(' ');
    let id = this.stackIds.get(key);
    if (id === undefined) {
      id = this.stacks.length;
      this.stackIds.set(key, id);
      this.stacks.push(ids);
    }
    return id;
  }

  /** The frames of a stack, innermost first; none for a negative id. */
  framesOf(stack: number): Frame[] {
    return stack < 0 ? [] : Array.from(this.stacks[stack], (id) => this.frames[id]);
  }

  build(): StackTable {
    return { frames: this.frames, stacks: this.stacks };
  }

  private frame(frame: Frame): number {
    const same = this.seen.get(frame);
    if (same !== undefined) {
      return same;
    }
    const key = JSON.stringify([frame.file, frame.line, frame.function, frame.library]);
    let id = this.frameIds.get(key);
    if (id === undefined) {
      id = this.frames.length;
      this.frameIds.set(key, id);
      this.frames.push(frame);
      this.seen.set(frame, id);
    }
    return id;
  }
}
