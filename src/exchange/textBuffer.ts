import type { ExportPart } from './exportRequest.js';

const PART_CHARACTERS = 1 << 18;
const encoder = new TextEncoder();

/** Text on its way out: collected until there is enough for a part. */
export class TextBuffer {
  private parts: string[] = [];
  private characters = 0;

  add(text: string): void {
    this.parts.push(text);
    this.characters += text.length;
  }

  get isFull(): boolean {
    return this.characters >= PART_CHARACTERS;
  }

  /** What was collected, as UTF-8 in a buffer of its own. */
  take(stage: string, fraction: number): ExportPart {
    const bytes = encoder.encode(this.parts.join(''));
    this.parts = [];
    this.characters = 0;
    return { bytes, stage, fraction };
  }
}
