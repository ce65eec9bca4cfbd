import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readHeader } from '../../../src/sqlite/header.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs, type SqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import { indexWal, indexWalInPieces, mergeWal, type WalIndex } from '../../../src/sqlite/wal.js';

const FOLDER = 'test/fixtures/broken';
interface Expected {
  /** null where SQLite finds the two malformed: the log is another database's */
  rows: number | null;
  sum_duration_us: number;
  max_id: number;
  pages: number;
  integrity: string;
  rows_without_log: number | null;
}
/** What SQLite itself reads from each file and its log; written by scripts/fixtures/flatWal.mjs. */
const expected = (
  JSON.parse(readFileSync(`${FOLDER}/expected.json`, 'utf8')) as { files: Record<string, Expected> }
).files;

let sqlJs: SqlJs;
beforeAll(async () => {
  sqlJs = await loadNodeSqlJs();
});

function files(name: string): { database: Uint8Array; wal: Uint8Array; pageSize: number } {
  const database = new Uint8Array(readFileSync(`${FOLDER}/${name}`));
  const header = readHeader(database);
  if (header === undefined) {
    throw new Error(`${name} has no header`);
  }
  expect(header.walMode).toBe(true);
  return {
    database,
    wal: new Uint8Array(readFileSync(`${FOLDER}/${name}-wal`)),
    pageSize: header.pageSize,
  };
}

function indexed(wal: Uint8Array): WalIndex {
  const index = indexWal(wal);
  if (index === undefined) {
    throw new Error('no write-ahead log');
  }
  return index;
}

function ask(database: Uint8Array): {
  rows: unknown;
  sum: unknown;
  max: unknown;
  pages: unknown;
  integrity: unknown;
} {
  const engine = openSqlJs(sqlJs, database);
  try {
    const [rows, sum, max] = engine.query('SELECT count(*), sum(duration_us), max(id) FROM events')
      .rows[0];
    return {
      rows,
      sum,
      max,
      pages: engine.query('PRAGMA page_count').rows[0][0],
      integrity: engine.query('PRAGMA integrity_check').rows[0][0],
    };
  } finally {
    engine.close();
  }
}

describe('a write-ahead log', () => {
  const own = Object.entries(expected).filter(([, { rows }]) => rows !== null);

  it.each(Object.keys(expected))('%s has the same index read piece by piece', async (name) => {
    const { wal } = files(name);
    for (const size of [wal.length, wal.length - 100, 33, 10]) {
      const part = wal.subarray(0, size);
      const read = async (offset: number, length: number) => part.slice(offset, offset + length);
      expect(await indexWalInPieces(size, read)).toEqual(indexWal(part));
    }
  });

  it.each(own)('%s reads as SQLite reads it', (name, want) => {
    const { database, wal, pageSize } = files(name);
    const before = [database.slice(), wal.slice()];
    const merged = mergeWal(database, pageSize, wal, indexed(wal));
    expect(ask(merged)).toEqual({
      rows: want.rows,
      sum: want.sum_duration_us,
      max: want.max_id,
      pages: want.pages,
      integrity: want.integrity,
    });
    // Without its log the file holds something else, or nothing: the merge is what made the difference.
    expect(want.rows_without_log === want.rows).toBe(name === 'checkpointed.db');
    expect([database, wal]).toEqual(before);
    expect(readHeader(merged)?.walMode).toBe(false);
  });

  it('leaves out what was never committed and what an earlier life of the log left behind', () => {
    expect(indexed(files('unfinished.db').wal).ignoredFrames).toBeGreaterThan(0);
    expect(indexed(files('second_life.db').wal).ignoredFrames).toBeGreaterThan(0);
    expect(indexed(files('log_only.db').wal).ignoredFrames).toBe(0);
  });

  it('cut anywhere, gives the state of a commit and never a mixture', () => {
    const { database, wal, pageSize } = files('live.db');
    const states = new Set<unknown>();
    for (let length = 32; length <= wal.length; length += 131) {
      const merged = mergeWal(database, pageSize, wal, indexed(wal.slice(0, length)));
      const { rows, integrity } = ask(merged);
      expect(integrity).toBe('ok');
      states.add(rows);
    }
    const whole = indexed(wal);
    states.add(ask(mergeWal(database, pageSize, wal, whole)).rows);
    expect([...states].sort()).toEqual([100, 200]);
  });

  it('with a flipped bit, ends before the damaged frame', () => {
    const { wal, pageSize } = files('live.db');
    const { committedFrames: whole, ignoredFrames } = indexed(wal);
    expect(whole).toBeGreaterThan(2);
    for (let frame = 0; frame < whole; frame++) {
      const damaged = wal.slice();
      damaged[32 + frame * (24 + pageSize) + 24 + ((frame * 97) % pageSize)] ^= 0x10;
      const index = indexed(damaged);
      expect(index.committedFrames).toBeLessThanOrEqual(frame);
      expect(index.committedFrames + index.ignoredFrames).toBe(whole + ignoredFrames);
    }
  });

  it('is told from anything else', () => {
    expect(indexWal(new Uint8Array(0))).toBeUndefined();
    expect(indexWal(new Uint8Array(4096))).toBeUndefined();
    const { database, wal } = files('live.db');
    expect(indexWal(database)).toBeUndefined();
    const damagedHeader = wal.slice();
    damagedHeader[13] ^= 1;
    expect(indexWal(damagedHeader)).toBeUndefined();
  });

  it('larger than its database is merged whole', () => {
    const { database, wal } = files('log_only.db');
    expect(wal.length).toBeGreaterThan(database.length * 9);
  });

  it('with pages of another size is refused, as SQLite finds the two malformed', () => {
    const { database, wal, pageSize } = files('other_pages.db');
    expect(expected['other_pages.db'].integrity).toContain('malformed');
    expect([pageSize, indexed(wal).pageSize]).toEqual([4096, 512]);
    expect(() => mergeWal(database, pageSize, wal, indexed(wal))).toThrow(RangeError);
  });

  it('of another database is refused', () => {
    const { database, pageSize } = files('live.db');
    const other = files('unfinished.db').wal;
    expect(() => mergeWal(database, pageSize, other, indexed(other))).toThrow(RangeError);
  });
});
