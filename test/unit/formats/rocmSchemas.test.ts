import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { SqlEngine } from '../../../src/sqlite/engine.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import { TraceOpenError } from '../../../src/trace/index.js';
import { openBytes } from './reading.js';

/** Recorders leave out what they have nothing for, and columns come and go between versions. */
const FILES = [
  'test/fixtures/rocpd/merged_3.0.2.db',
  'test/fixtures/rocpd/tracks_4.1.db',
  'test/fixtures/rocpd/counters_3.0.5.db',
  'test/fixtures/rpd/serving.rpd',
  'test/fixtures/rpd/rlog_3.rpd',
];

/** The database after some statements; undefined where SQLite refuses one (a primary key). */
async function changed(file: string, sql: string): Promise<Uint8Array | undefined> {
  const { Database } = await loadNodeSqlJs();
  const db = new Database(new Uint8Array(readFileSync(file)));
  try {
    db.run(sql);
    return (db as unknown as { export(): Uint8Array }).export();
  } catch {
    return undefined;
  } finally {
    db.close();
  }
}

async function opensOrSays(bytes: Uint8Array, what: string): Promise<boolean> {
  try {
    const { report, gpu, launches, ranges, host } = await openBytes(bytes, 'less.db');
    const read = gpu.count + launches.count + ranges.count + host.count;
    const skipped = report.skipped.reduce((sum, { rows }) => sum + rows, 0);
    expect([report.rowsRead, report.rowsInFile - skipped], what).toEqual([read, read]);
    return true;
  } catch (error) {
    expect(error, what).toBeInstanceOf(TraceOpenError);
    expect((error as TraceOpenError).code, what).not.toBe('damaged');
    return false;
  }
}

it.each(FILES)(
  '%s without any one table or column opens, or says what is missing',
  async (file) => {
    const sqlJs = await loadNodeSqlJs();
    const engine: SqlEngine = openSqlJs(sqlJs, new Uint8Array(readFileSync(file)));
    const tables = engine.tables();
    const columns = new Map(tables.map(({ name }) => [name, engine.columnsOf(name)]));
    engine.close();
    const views = tables
      .filter(({ type }) => type === 'view')
      .map(({ name }) => `DROP VIEW "${name}";`)
      .join(' ');
    let opened = 0;
    let tried = 0;
    for (const { name, type } of tables) {
      if (type === 'view') {
        continue;
      }
      const cuts = [
        `DROP TABLE "${name}"`,
        ...(columns.get(name) ?? []).map(
          (column) => `ALTER TABLE "${name}" DROP COLUMN "${column}"`,
        ),
      ];
      for (const cut of cuts) {
        const bytes = await changed(file, `${views} ${cut}`);
        if (bytes !== undefined) {
          tried++;
          opened += (await opensOrSays(bytes, cut)) ? 1 : 0;
        }
      }
    }
    expect(tried).toBeGreaterThan(40);
    expect(opened).toBeGreaterThan(tried * 0.75);
  },
);
