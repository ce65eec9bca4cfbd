import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { DANGLING_STACK, NO_STACK, type StackTable, type Warning } from '../../trace/index.js';
import { parseStack, UnreadableStack } from '../frameText.js';
import { StackBuilder } from '../stackBuilder.js';

/**
 * The stacks of `stack_traces`, found by hash. A hash is a signed 64-bit number, negative for about
 * half of them; it is kept as decimal text, since a double would mix neighbouring ones up.
 */
export class IngeroStacks {
  private readonly builder = new StackBuilder();
  private readonly ids = new Map<string, number>();
  /** the same for whole numbers, by their upper and lower 32 bits: a row of events makes no text */
  private readonly halves = new Map<number, Map<number, number>>();
  private unreadable = 0;
  private dangling = 0;

  /** @throws SqlError */
  constructor(engine: SqlEngine) {
    const frames = engine.columnsOf('stack_traces').includes('frames') ? 'frames' : "''";
    engine.each(`SELECT CAST(hash AS TEXT), ${frames} FROM stack_traces`, ([hash, text]) => {
      const id = this.parse(text === null ? '' : String(text));
      this.ids.set(String(hash), id);
      const number = wholeNumber(String(hash));
      if (number !== undefined) {
        const upper = Number(number >> 32n);
        const lower = this.halves.get(upper) ?? new Map<number, number>();
        this.halves.set(upper, lower.set(Number(number & 0xffffffffn), id));
      }
    });
  }

  /**
   * The index of a stack; NO_STACK for one without resolved frames, DANGLING_STACK where the file
   * does not hold it.
   * @param upper the hash's upper 32 bits, signed; null where it is no whole number
   * @param lower its lower 32 bits, unsigned; the whole of one that is no whole number
   */
  find(upper: SqlValue, lower: SqlValue): number {
    const id =
      typeof upper === 'number' && typeof lower === 'number'
        ? this.halves.get(upper)?.get(lower)
        : this.ids.get(String(lower));
    if (id === undefined) {
      this.dangling++;
      return DANGLING_STACK;
    }
    return id;
  }

  build(): StackTable {
    return this.builder.build();
  }

  warnings(): Warning[] {
    const warnings: Warning[] = [];
    if (this.dangling > 0) {
      warnings.push({
        code: 'dangling-stack',
        message: `${this.dangling} events point at a stack that the file does not hold.`,
        rows: this.dangling,
      });
    }
    if (this.unreadable > 0) {
      warnings.push({
        code: 'unreadable-stack',
        message: `${this.unreadable} of ${this.ids.size} stored stacks are not written in a known way.`,
        rows: 0,
      });
    }
    return warnings;
  }

  private parse(text: string): number {
    try {
      return this.builder.add(parseStack(text));
    } catch (error) {
      if (!(error instanceof UnreadableStack)) {
        throw error;
      }
      this.unreadable++;
      return NO_STACK;
    }
  }
}

/** undefined for a text that SQLite does not write for a 64-bit integer. */
function wholeNumber(text: string): bigint | undefined {
  const number = /^-?[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
  return number !== undefined && String(BigInt.asIntN(64, number)) === text ? number : undefined;
}
