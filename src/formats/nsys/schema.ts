import type { SqlEngine } from '../../sqlite/engine.js';
import { quoteName } from '../../sqlite/sqlText.js';
import type { SqliteTable } from '../sqliteSchema.js';

/** Tables of which one is in every export beside `StringIds`, in lower case. */
const OWN_TABLES = /^(cupti_activity_kind_|nvtx_events$|target_info_|processstreams$|osrt_api$)/;

/**
 * True where a schema is that of an Nsight Systems export, of any generation. DLProf keeps `StringIds`
 * and some activity tables in its result databases; those are no exports.
 */
export function isNsys(tables: ReadonlyMap<string, SqliteTable>): boolean {
  const strings = tables.get('stringids');
  const names = [...tables.keys()];
  const ofDlprof =
    names.some((name) => /^(dlprof_|view_dlprof)/.test(name)) ||
    ['ops', 'layers', 'iterations'].every((name) => tables.has(name));
  return (
    strings !== undefined &&
    ['id', 'value'].every((name) => strings.columns.includes(name)) &&
    !ofDlprof &&
    names.some((name) => OWN_TABLES.test(name))
  );
}

/**
 * The tables of one export with the columns they have. Both come and go with the exporter's version and
 * with what was recorded, and other tools add to them: a missing table or column reads as an empty one.
 */
export class NsysSchema {
  private readonly tables = new Map<string, { name: string; columns: ReadonlySet<string> }>();

  /** @throws SqlError */
  constructor(engine: SqlEngine) {
    for (const { name, type } of engine.tables()) {
      if (type === 'table') {
        this.tables.set(name.toLowerCase(), { name, columns: new Set(engine.columnsOf(name)) });
      }
    }
  }

  /** Names of all tables, as the file spells them. */
  names(): readonly string[] {
    return [...this.tables.values()].map(({ name }) => name);
  }

  /** Whether a table exists and has all of these columns. */
  has(table: string, ...columns: string[]): boolean {
    const found = this.tables.get(table.toLowerCase());
    return found !== undefined && columns.every((column) => found.columns.has(column));
  }

  /** The first of these columns that a table has, as SQL writes it; `otherwise` where it has none. */
  column(table: string, columns: string | readonly string[], otherwise = 'NULL'): string {
    const found = this.tables.get(table.toLowerCase());
    const wanted = typeof columns === 'string' ? [columns] : columns;
    const column = wanted.find((name) => found?.columns.has(name));
    return column === undefined ? otherwise : quoteName(column);
  }
}

/** Virtual machine, hardware and process of a 64-bit global id: what tells processes of a file apart. */
export function processKey(column: string): string {
  return `${column} >> 24`;
}

/** Thread id of a 64-bit global thread id. */
export function threadId(column: string): string {
  return `${column} & 16777215`;
}

/** Process id of a key that `processKey` made. */
export function processId(key: number): number {
  return key % 2 ** 24;
}
