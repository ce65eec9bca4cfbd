import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';

/** Text of a column read as a BLOB: UTF-8, what is none replaced (exports made on Windows hold other bytes). */
export function textOf(value: SqlValue): string {
  if (value instanceof Uint8Array) {
    return decoder.decode(value);
  }
  return value === null ? '' : String(value);
}

const decoder = new TextDecoder();

/** The strings of `StringIds`, each looked up once: most of them name nothing that is shown. */
export class NsysStrings {
  private readonly known = new Map<number, string>();

  constructor(private readonly engine: SqlEngine) {}

  /** The string of an id; '' for no id and for one without a row. @throws SqlError */
  get(id: number): string {
    if (!Number.isSafeInteger(id)) {
      return '';
    }
    let text = this.known.get(id);
    if (text === undefined) {
      const { rows } = this.engine.query(
        `SELECT CAST(value AS BLOB) FROM StringIds WHERE id = ${id}`,
        1,
      );
      text = rows.length === 0 ? '' : textOf(rows[0][0]);
      this.known.set(id, text);
    }
    return text;
  }
}
