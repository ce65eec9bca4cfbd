import type { SqlEngine } from './engine.js';
import { quoteName } from './sqlText.js';

/** `hidden` in table_xinfo of a generated column that is not stored. */
const VIRTUAL_COLUMN = 2;
/** How SQLite itself begins the statements of what stores rows. What else a file may write there is none. */
const STORED = ['TABLE', 'VIRTUAL TABLE', 'INDEX', 'UNIQUE INDEX'];

/**
 * Takes out of an engine's copy of a database what computes: views, triggers and virtual columns. What is
 * read afterwards was stored. A view computes its rows, without end where its author wants that, views
 * of views can take longer to prepare than anybody waits, a column can make a gigabyte of text for every
 * row; and an engine cannot be interrupted. Told by the statements, since a damaged or hostile schema may
 * call a view a table, and without looking at any view.
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
  // No row changes: what is dropped was never stored.
  const computed = engine.query(
    `SELECT t.name, c.name FROM main.sqlite_schema t, pragma_table_xinfo(t.name, 'main') c
     WHERE t.sql LIKE 'CREATE TABLE%' AND c.hidden = ${VIRTUAL_COLUMN}`,
  ).rows;
  for (const [table, column] of computed) {
    engine.run(
      `ALTER TABLE main.${quoteName(String(table))} DROP COLUMN ${quoteName(String(column))}`,
    );
  }
}
