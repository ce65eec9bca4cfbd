import type { SqlEngine } from './engine.js';

/** How SQLite itself begins the statements of what stores rows. What else a file may write there is none. */
const STORED = ['TABLE', 'VIRTUAL TABLE', 'INDEX', 'UNIQUE INDEX'];

/**
 * Takes views and triggers out of an engine's copy of a database: what is read afterwards was stored.
 * A view computes its rows, without end where its author wants that, and views of views can take longer
 * to prepare than anybody waits; an engine cannot be interrupted. Told by the statements, since a
 * damaged or hostile schema may call a view a table, and without looking at any view.
 * @throws SqlError
 */
export function keepOnlyTables(engine: SqlEngine): void {
  const stored = STORED.map((kind) => `sql LIKE 'CREATE ${kind}%'`).join(' OR ');
  const others = `main.sqlite_schema WHERE NOT (sql IS NULL OR ${stored})`;
  if (engine.query(`SELECT 1 FROM ${others}`, 1).rows.length > 0) {
    engine.run(
      `PRAGMA writable_schema = ON; DELETE FROM ${others}; PRAGMA writable_schema = RESET;`,
    );
  }
}
