import type { SqliteTable } from '../sqliteSchema.js';

/** True where a schema is that of an Ingero database, of any version from 0.8 on. */
export function isIngero(tables: ReadonlyMap<string, SqliteTable>): boolean {
  const events = tables.get('events');
  const needed = ['stack_traces', 'sources', 'ops', 'schema_info'];
  return (
    events !== undefined &&
    needed.every((name) => tables.has(name)) &&
    ['timestamp', 'source', 'op', 'duration'].every((name) => events.columns.includes(name))
  );
}
