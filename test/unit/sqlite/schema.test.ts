import { beforeAll, describe, expect, it } from 'vitest';
import { readHeader } from '../../../src/sqlite/header.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import {
  columnsOfCreateTable,
  readSchema,
  SchemaDamage,
  type SchemaEntry,
} from '../../../src/sqlite/schema.js';
import { openSqlJs, type SqlJs } from '../../../src/sqlite/sqlJsEngine.js';

let sqlJs: SqlJs;
beforeAll(async () => {
  sqlJs = await loadNodeSqlJs();
});

function database(...statements: string[]): Uint8Array {
  const db = new sqlJs.Database();
  statements.forEach((sql) => db.run(sql));
  const bytes = (db as unknown as { export(): Uint8Array }).export();
  db.close();
  return bytes;
}

function schemaOf(bytes: Uint8Array): Promise<SchemaEntry[]> {
  const header = readHeader(bytes);
  if (header === undefined) {
    throw new Error('no header');
  }
  const { pageSize, reservedBytes, encoding } = header;
  return readSchema(
    async (page) => bytes.subarray((page - 1) * pageSize, page * pageSize),
    pageSize - reservedBytes,
    encoding,
  );
}

/** The same by SQLite. */
function schemaBySql(bytes: Uint8Array): SchemaEntry[] {
  const engine = openSqlJs(sqlJs, bytes);
  const { rows } = engine.query(
    "SELECT type, name, coalesce(sql, ''), rootpage FROM sqlite_schema ORDER BY rowid",
  );
  engine.close();
  return rows.map(([type, name, sql, root]) => ({
    type: String(type),
    name: String(name),
    sql: String(sql),
    root: Number(root),
  }));
}

const TRICKY = [
  'CREATE TABLE plain(a INTEGER, b)',
  'CREATE TABLE "qu""oted" ("a b" TEXT, [c d], `e``f` REAL DEFAULT (1 + 2), \'g\' TEXT)',
  `CREATE TABLE commented (a INT, -- b INT,
     /* c INT, */ d DECIMAL(10, 2) CHECK (d > (1)), e TEXT DEFAULT 'x,)y', PRIMARY KEY (a, d), FOREIGN KEY (a) REFERENCES plain(a))`,
  'CREATE TABLE constrained (a, b, CONSTRAINT one UNIQUE (a))',
  'CREATE TABLE without (k TEXT PRIMARY KEY, v) WITHOUT ROWID',
  'CREATE TABLE copied AS SELECT 1 AS x, 2 AS "y z"',
];

describe('readSchema', () => {
  it.each([
    ['a small file', 4096, 1],
    ['many tables, over interior pages', 512, 300],
    ['the largest pages', 65536, 40],
  ])('reads %s as SQLite does', async (_, pageSize, tables) => {
    const bytes = database(
      `PRAGMA page_size = ${pageSize}`,
      ...Array.from(
        { length: tables },
        (_unused, i) => `CREATE TABLE t${i}(a, b${'x'.repeat((i * 37) % 200)})`,
      ),
      'CREATE INDEX ix ON t0(a)',
      'CREATE VIEW v AS SELECT * FROM t0',
    );
    expect(await schemaOf(bytes)).toEqual(schemaBySql(bytes));
  });

  it('joins statements that run over overflow pages', async () => {
    const columns = Array.from({ length: 1500 }, (_, i) => `column_number_${i} INTEGER`);
    const bytes = database('PRAGMA page_size = 512', `CREATE TABLE wide(${columns.join(', ')})`);
    const [wide] = await schemaOf(bytes);
    expect(wide.sql.length).toBeGreaterThan(20_000);
    expect([wide]).toEqual(schemaBySql(bytes));
  });

  it.each(['UTF-16le', 'UTF-16be'])('reads names in %s', async (encoding) => {
    const bytes = database(`PRAGMA encoding = '${encoding}'`, 'CREATE TABLE "größe😀"("µs")');
    expect(await schemaOf(bytes)).toEqual(schemaBySql(bytes));
  });

  it('of any cut or damaged file ends in SchemaDamage or in entries, never otherwise', async () => {
    const bytes = database(
      'PRAGMA page_size = 512',
      ...Array.from({ length: 60 }, (_, i) => `CREATE TABLE t${i}(a, b, z${i})`),
      `CREATE TABLE wide(${Array.from({ length: 300 }, (_, i) => `c${i}`).join(', ')})`,
    );
    let damaged = 0;
    const attempt = async (candidate: Uint8Array): Promise<void> => {
      try {
        await schemaOf(candidate);
      } catch (error) {
        expect(error).toBeInstanceOf(SchemaDamage);
        damaged++;
      }
    };
    for (let length = 512; length < bytes.length; length += 512) {
      await attempt(bytes.slice(0, length));
    }
    let seed = 7;
    for (let i = 0; i < 300; i++) {
      const candidate = bytes.slice();
      for (let k = 0; k < 8; k++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        candidate[100 + (seed % (candidate.length - 100))] = seed % 251;
      }
      await attempt(candidate);
    }
    expect(damaged).toBeGreaterThan(20);
  });
});

describe('columnsOfCreateTable', () => {
  it.each(TRICKY)('finds the columns SQLite finds: %s', (sql) => {
    const engine = openSqlJs(sqlJs, database('CREATE TABLE IF NOT EXISTS plain(a INTEGER, b)'));
    engine.run(sql.replace('CREATE TABLE plain', 'CREATE TABLE IF NOT EXISTS plain'));
    const { rows } = engine.query(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY rowid DESC LIMIT 1",
    );
    const [name, stored] = rows[0].map(String);
    expect(columnsOfCreateTable(stored)).toEqual(engine.columnsOf(name));
    expect(engine.columnsOf(name).length).toBeGreaterThan(0);
    engine.close();
  });

  it('gives none for what is no table', () => {
    expect(columnsOfCreateTable('CREATE VIEW v AS SELECT (1)')).toEqual([]);
    expect(columnsOfCreateTable('CREATE VIRTUAL TABLE f USING fts5(a, b)')).toEqual([]);
    expect(columnsOfCreateTable('')).toEqual([]);
    expect(columnsOfCreateTable('nonsense (a, b)')).toEqual([]);
  });
});
