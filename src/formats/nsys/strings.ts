import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import type { Warning } from '../../trace/index.js';
import { damageOf } from '../eventRows.js';

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
  private damage: string | undefined;
  private lost = 0;

  constructor(private readonly engine: SqlEngine) {}

  /** What damage cost. */
  get warnings(): readonly Warning[] {
    return this.damage === undefined
      ? []
      : [
          {
            code: 'unreadable-table',
            message: `Strings of the export (StringIds) lie on damaged pages (${this.damage}): ${this.lost} of those looked up could not be read, and what they name is shown without a name.`,
            rows: 0,
          },
        ];
  }

  /** The string of an id; '' for no id, for one without a row and for one on a damaged page. @throws SqlError */
  get(id: number): string {
    if (!Number.isSafeInteger(id)) {
      return '';
    }
    let text = this.known.get(id);
    if (text === undefined) {
      text = this.lookUp(id);
      this.known.set(id, text);
    }
    return text;
  }

  private lookUp(id: number): string {
    try {
      const { rows } = this.engine.query(
        `SELECT CAST(value AS BLOB) FROM StringIds WHERE id = ${id}`,
        1,
      );
      return rows.length === 0 ? '' : textOf(rows[0][0]);
    } catch (error) {
      // Thrown on, this would pass for damage of the table whose row asks, and lose that row uncounted.
      this.damage = damageOf(error);
      this.lost++;
      return '';
    }
  }
}
