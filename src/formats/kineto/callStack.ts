import type { Frame } from '../../trace/index.js';

/**
 * Frames of one line of Python stacks as PyTorch writes them: "torch/nn/modules/linear.py(114): forward",
 * "<built-in method apply of ...>", "nn.Module: Linear_3".
 */
export function parseFrame(text: string): Frame {
  const match = /^(.*)\((\d{1,9})\): (.*)$/s.exec(text);
  if (match === null) {
    return { file: '', line: 0, function: text, library: '' };
  }
  return { file: match[1], line: Number(match[2]), function: match[3], library: '' };
}

/** Stacks of `Call stack` arguments: frames joined by ';', the innermost first. Stored once each. */
export class CallStacks {
  readonly frames: Frame[] = [];
  readonly stacks: Uint32Array[] = [];
  private readonly frameIds = new Map<string, number>();

  /** Adds a stack that was not seen before; gives its index, -1 for an empty one. */
  add(text: string): number {
    const lines = text.split(';').filter((line) => line.trim() !== '');
    if (lines.length === 0) {
      return -1;
    }
    this.stacks.push(Uint32Array.from(lines, (line) => this.frame(line.trim())));
    return this.stacks.length - 1;
  }

  private frame(text: string): number {
    const known = this.frameIds.get(text);
    if (known !== undefined) {
      return known;
    }
    const id = this.frames.length;
    this.frames.push(parseFrame(text));
    this.frameIds.set(text, id);
    return id;
  }
}
