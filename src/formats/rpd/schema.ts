import type { SqliteTable } from '../sqliteSchema.js';

/** What the tables of an RPD trace cannot do without (ROCm/rocmProfileData, rocpd schema 2). */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  rocpd_op: ['id', 'start', 'end', 'opType_id'],
  rocpd_api: ['id', 'start', 'end', 'apiName_id'],
  rocpd_string: ['id', 'string'],
};

/** An RPD trace has a table `rocpd_op`; its successor, rocpd 3, has none. */
export function isRpd(tables: ReadonlyMap<string, SqliteTable>): boolean {
  return tables.get('rocpd_op')?.type === 'table' && tables.has('rocpd_api');
}

/** What is missing for it to be read: "the table rocpd_string", "rocpd_op.start"; empty where nothing is. */
export function missingOfRpd(columnsOf: (table: string) => readonly string[]): string[] {
  return Object.entries(NEEDED).flatMap(([table, columns]) => {
    const own = columnsOf(table).map((name) => name.toLowerCase());
    return own.length === 0
      ? [`the table ${table}`]
      : columns
          .filter((column) => !own.includes(column.toLowerCase()))
          .map((column) => `${table}.${column}`);
  });
}
