import { beforeAll, describe, expect, it } from 'vitest';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs, type SqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import { engineContract } from './engineContract.js';

let sqlJs: SqlJs;

beforeAll(async () => {
  sqlJs = await loadNodeSqlJs();
});

engineContract(() => openSqlJs(sqlJs, null));

describe('bytes', () => {
  it('says of bytes that are no database what SQLite says, at the first statement', () => {
    const engine = openSqlJs(sqlJs, new Uint8Array(4096).fill(0x41));
    expect(() => engine.query('SELECT * FROM sqlite_schema')).toThrow(/not a database/);
  });

  it('never changes the bytes it was given', () => {
    const maker = new sqlJs.Database();
    maker.run('CREATE TABLE t(a); INSERT INTO t VALUES (1)');
    const bytes = (maker as unknown as { export(): Uint8Array }).export();
    maker.close();
    const before = bytes.slice();
    const engine = openSqlJs(sqlJs, bytes);
    engine.run('DELETE FROM t; CREATE TABLE u(b)');
    expect(bytes).toEqual(before);
  });
});
