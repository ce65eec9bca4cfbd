import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SqlEngine } from '../../src/sqlite/engine.js';
import { nodeSqlite, openNodeSqlite } from '../../src/sqlite/nodeSqliteEngine.js';
import { loadNodeSqlJs } from '../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../src/sqlite/sqlJsEngine.js';

const ROWS = 500_000;

/** Reads every row as exact values, as numbers, and as the events of a file are read. */
const READINGS: readonly (readonly [string, (engine: SqlEngine) => void])[] = [
  [
    'exact rows',
    (engine) => engine.each('SELECT a, b, CAST(h AS TEXT), h, c FROM t', () => undefined),
  ],
  ['numeric rows', (engine) => engine.eachNumeric('SELECT a, b, c FROM t', () => undefined)],
  ['rows of a table, as events are read,', readTable],
];

/** How fast both SQL engines give rows: the native one as a multiple of sql.js. */
export async function compareEngines(): Promise<void> {
  const sqlJs = await loadNodeSqlJs();
  const maker = new sqlJs.Database();
  maker.run('CREATE TABLE t(a INTEGER, b INTEGER, c REAL, h INTEGER)');
  maker.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
     INSERT INTO t SELECT i * 1000, i % 977, i / 7.0, i * 9007199254741 FROM n`,
  );
  const bytes = (maker as unknown as { export(): Uint8Array }).export();
  maker.close();
  const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-bench-'));
  try {
    const file = path.join(folder, 'rows.db');
    writeFileSync(file, bytes);
    const native = nodeSqlite();
    if (native === undefined) {
      console.log(`SQL engines: not compared, Node ${process.version} has no node:sqlite`);
      return;
    }
    const inMemory = openSqlJs(sqlJs, bytes);
    const onDisk = openNodeSqlite(native, { path: file, cut: false, ownCopy: false });
    for (const [what, read] of READINGS) {
      const [ofSqlJs, ofNative] = [inMemory, onDisk].map((engine) => fastest(() => read(engine)));
      const ratio = `${(ofSqlJs / ofNative).toFixed(2)}x`;
      console.log(`${`${what} a second by node:sqlite, of sql.js`.padEnd(72)} ${ratio}`);
    }
    inMemory.close();
    onDisk.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As `eachEventRow` reads a table. */
function readTable(engine: SqlEngine): void {
  const rows = engine.prepare(
    `SELECT a, b, c, _rowid_ FROM t WHERE _rowid_ >= ? ORDER BY _rowid_ LIMIT ${engine.sliceRows}`,
  );
  let from = 0;
  for (let before = -1; from > before;) {
    before = from;
    rows.each(from, (row) => {
      from = Number(row[3]) + 1;
    });
  }
  rows.free();
}

/** The least of several times, ms. */
function fastest(run: () => void): number {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    run();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}
