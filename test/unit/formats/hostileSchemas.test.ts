import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { TraceOpenError } from '../../../src/trace/index.js';
import { makeDatabase, openBytes, refusalOf } from './reading.js';
import { soundOrRefused } from './soundOrRefused.js';

/** A fixture with statements run on it, as whoever made the file could have. */
async function changed(file: string, statements: string): Promise<Uint8Array> {
  const db = new (await loadNodeSqlJs()).Database(new Uint8Array(readFileSync(file)));
  try {
    db.run(statements);
    return (db as unknown as { export(): Uint8Array }).export();
  } finally {
    db.close();
  }
}

const endless = (columns: string): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT ${columns} FROM n`;

/** 2^40 views deep when SQLite looks at the last one. */
const doubling = (name: string): string =>
  [
    `CREATE VIEW d0 AS SELECT 1 AS id, 2 AS value`,
    ...Array.from(
      { length: 40 },
      (_, i) => `CREATE VIEW d${i + 1} AS SELECT a.id, b.value FROM d${i} a, d${i} b`,
    ),
    `CREATE VIEW "${name}" AS SELECT * FROM d40`,
  ].join(';');

const FIXTURES = {
  flat: 'test/fixtures/flat/article_600.db',
  ingero: 'test/fixtures/ingero/plain_0.8.db',
  nsys: 'test/fixtures/nsys/two_processes_3.25.sqlite',
  rocpd: 'test/fixtures/rocpd/process_901.db',
  rpd: 'test/fixtures/rpd/serving.rpd',
};

// A hang is met by the test's own time limit: every one of these is done in less than a second.
describe.each(Object.entries(FIXTURES))('a %s file', (format, file) => {
  it('whose tables are endless views, one after another: the tables left, or a sentence', async () => {
    const db = new (await loadNodeSqlJs()).Database(new Uint8Array(readFileSync(file)));
    const tables = (db as unknown as { exec(sql: string): { values: string[][] }[] }).exec(
      "SELECT name, (SELECT group_concat(printf('i AS \"%w\"', x.name)) FROM pragma_table_info(m.name) x) FROM sqlite_schema m WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    )[0].values;
    db.close();
    expect(tables.length).toBeGreaterThan(0);
    const whole = await openBytes(new Uint8Array(readFileSync(file)));
    for (const [name, columns] of tables) {
      const result = await soundOrRefused(
        await changed(file, `DROP TABLE "${name}"; CREATE VIEW "${name}" AS ${endless(columns)}`),
      );
      if (!(result instanceof TraceOpenError)) {
        expect(result.report.rowsRead).toBeLessThanOrEqual(whole.report.rowsRead);
      }
    }
  });

  it('with views that no one could wait for, and triggers: as without them', async () => {
    const whole = await openBytes(new Uint8Array(readFileSync(file)));
    const table = {
      flat: 'events',
      ingero: 'events',
      nsys: 'META_DATA_CAPTURE',
      rocpd: 'rocpd_string_0000_901',
      rpd: 'rocpd_string',
    }[format];
    const result = await openBytes(
      await changed(
        file,
        `${doubling('kernels')};
         CREATE VIEW broken AS SELECT * FROM not_there;
         CREATE TRIGGER t AFTER UPDATE ON "${table}" BEGIN SELECT 1 FROM (${endless('i')}); END`,
      ),
    );
    expect(result.report).toEqual(whole.report);
    expect(result.gpu.duration).toEqual(whole.gpu.duration);
  });

  it('whose schema calls an endless view a table: a sentence', async () => {
    const result = await soundOrRefused(
      await changed(
        file,
        `CREATE VIEW sneaky AS ${endless('i')};
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET type = 'table', sql = 'CREATE /* TABLE */ VIEW' || substr(sql, 12) WHERE name = 'sneaky'`,
      ),
    );
    expect(result).toBeInstanceOf(TraceOpenError);
    expect((result as TraceOpenError).message).toContain('malformed database schema (sneaky)');
  });

  it('with a schema that is no SQL, or names no page: a sentence', async () => {
    for (const set of [
      "sql = 'CREATE TABLE ' || name || '(('",
      'rootpage = 0',
      'rootpage = 999999',
      "name = 'sqlite_' || name",
    ]) {
      const bytes = await changed(
        file,
        `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET ${set} WHERE rowid = (SELECT min(rowid) FROM sqlite_schema)`,
      );
      await soundOrRefused(bytes);
    }
  });
});

describe('an events table', () => {
  const columns = 'timestamp INTEGER, name TEXT, duration_us REAL';

  it('that is a view is not read, and the sentence says what to do', async () => {
    const error = await refusalOf(
      openBytes(
        await makeDatabase(
          `CREATE VIEW events AS ${endless("i AS timestamp, 'k' AS name, 1 AS duration_us")}`,
        ),
      ),
    );
    expect(error.code).toBe('not-a-trace');
    expect(error.message).toContain('Its "events" is a view, and only tables are read');
    expect(error.message).toContain('Store its rows in a table');
  });

  it('of computed columns lacks them: what is computed was not recorded', async () => {
    const huge = await soundOrRefused(
      await makeDatabase(
        'CREATE TABLE events(timestamp INTEGER, duration_us REAL)',
        'INSERT INTO events(timestamp, duration_us) VALUES (1, 2), (3, 4)',
        "ALTER TABLE events ADD COLUMN name TEXT AS (printf('%.*c', 900000000, 'x'))",
      ),
    );
    expect(huge).toBeInstanceOf(TraceOpenError);
    expect((huge as TraceOpenError).message).toContain('lacks');
  });

  it('whose check constraints, defaults and indexes compute: only its rows are read', async () => {
    const trace = await openBytes(
      await makeDatabase(
        `CREATE TABLE events(${columns}, extra DEFAULT (hex(zeroblob(100000000))), CHECK (length(name) < 10))`,
        `CREATE INDEX slow ON events(abs(timestamp)) WHERE length(name) > 1`,
        "INSERT INTO events VALUES (5, 'k', 1.5, 0)",
      ),
    );
    expect(Array.from(trace.gpu.duration)).toEqual([1500]);
  });

  it('that is a virtual table is none', async () => {
    const bytes = await makeDatabase(
      'CREATE VIRTUAL TABLE events USING fts4(timestamp, name, duration_us)',
      "INSERT INTO events VALUES (1, 'k', 2)",
    );
    expect((await refusalOf(openBytes(bytes))).code).toBe('not-a-trace');
  });

  it('with a name of a hundred megabytes is read, or a sentence says why not', async () => {
    const result = await soundOrRefused(
      await makeDatabase(
        `CREATE TABLE events(${columns})`,
        "INSERT INTO events VALUES (1, printf('%.*c', 100000000, 'x'), 2), (2, 'k', 3)",
      ),
    );
    if (!(result instanceof TraceOpenError)) {
      expect(result.gpu.count).toBe(2);
    }
  });
});
