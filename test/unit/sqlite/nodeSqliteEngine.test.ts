import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DatabaseFile } from '../../../src/sqlite/engine.js';
import { nodeSqlite, openNodeSqlite } from '../../../src/sqlite/nodeSqliteEngine.js';
import { folderState } from '../formats/reading.js';
import { underNodeSqlite } from '../underNodeSqlite.js';
import { engineContract } from './engineContract.js';

underNodeSqlite('unit', 'test/unit/sqlite/nodeSqliteEngine.test.ts', () => {
  const open = (database: DatabaseFile | null) => {
    const sqlite = nodeSqlite();
    if (sqlite === undefined) {
      throw new Error('this Node has no node:sqlite');
    }
    return openNodeSqlite(sqlite, database);
  };
  engineContract(() => open(null));

  describe('a file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-engine-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const evidence = (file: string): DatabaseFile => ({ path: file, cut: false, ownCopy: false });

    it('is only read, in write-ahead mode too, and nothing appears beside it', () => {
      const file = path.join(folder, "o'clock 100% #1?.db");
      copyFileSync('test/fixtures/broken/live.db', file);
      const before = folderState(file);
      const engine = open(evidence(file));
      const rows = engine.query('SELECT count(*) FROM events').rows;
      expect(Number(rows[0][0])).toBeGreaterThan(0);
      expect(() => engine.run('DELETE FROM events')).toThrow(/readonly/);
      // Tables of our own lie elsewhere.
      engine.run('CREATE TEMP TABLE mine(a)');
      engine.insert('mine', 1, 2, (i) => [i]);
      expect(engine.query('SELECT sum(a) FROM mine').rows).toEqual([[1]]);
      engine.close();
      expect(folderState(file)).toEqual(before);
    });

    it('that is shorter than its header says gives what is there', () => {
      const file = path.join(folder, 'cut.db');
      writeFileSync(file, readFileSync('test/fixtures/flat/article_600.db'));
      truncateSync(file, 5 * 4096 + 100);
      expect(() => open(evidence(file))).toThrow(/malformed/);
      const cut = open({ path: file, cut: true, ownCopy: false });
      expect(cut.columnsOf('events')).toContain('duration_us');
      expect(() => cut.run('DELETE FROM events')).toThrow(/readonly/);
      cut.close();
    });

    it('of our own can be changed', () => {
      const file = path.join(folder, 'own.db');
      copyFileSync('test/fixtures/flat/article_600.db', file);
      const engine = open({ path: file, cut: false, ownCopy: true });
      engine.run('DELETE FROM events');
      expect(engine.query('SELECT count(*) FROM events').rows).toEqual([[0]]);
      engine.close();
    });

    it('says of bytes that are no database what SQLite says', () => {
      const file = path.join(folder, 'no.db');
      writeFileSync(file, new Uint8Array(4096).fill(0x41));
      expect(() => open(evidence(file))).toThrow(/not a database/);
    });
  });
});
