/**
 * Strings of a trace, each stored once. A kernel name of 300 characters that occurs a million times
 * costs one entry; columns hold its number. Id 0 is always the empty string.
 */
export class NameTable {
  private readonly texts: string[] = [''];
  private readonly ids = new Map<string, number>([['', 0]]);

  /** Number of different strings, the empty one included. */
  get size(): number {
    return this.texts.length;
  }

  /** The id of `text`, given on first sight. */
  intern(text: string): number {
    const known = this.ids.get(text);
    if (known !== undefined) {
      return known;
    }
    const id = this.texts.length;
    this.texts.push(text);
    this.ids.set(text, id);
    return id;
  }

  /** The id of `text` if it occurs in the trace. */
  find(text: string): number | undefined {
    return this.ids.get(text);
  }

  /** @throws RangeError for an id this table never gave. */
  get(id: number): string {
    const text = this.texts[id];
    if (text === undefined) {
      throw new RangeError(`name id ${id} is outside the table of ${this.texts.length}`);
    }
    return text;
  }

  /** All strings by id. */
  all(): readonly string[] {
    return this.texts;
  }
}
