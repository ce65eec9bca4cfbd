import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeFileSource } from '../../../src/formats/nodeFileSource.js';
import { nodeLargeDatabases } from '../../../src/formats/nodeLargeDatabases.js';
import { newScratchPath, sweepScratch } from '../../../src/formats/nodeScratch.js';
import { readSqliteDatabase } from '../../../src/formats/sqliteDatabase.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { createNodeSession } from '../../../src/session/nodeSession.js';
import { underNodeSqlite } from '../underNodeSqlite.js';
import { EVERYWHERE, expectSameAnswers, expectSameByBothEngines, openNatively } from './engines.js';

const DATABASES = ['flat', 'ingero', 'nsys', 'rocpd', 'rpd', 'broken'].flatMap((folder) =>
  readdirSync(`test/fixtures/${folder}`)
    .filter((name) => /\.(db|sqlite|rpd)$/.test(name))
    .map((name) => `test/fixtures/${folder}/${name}`),
);

underNodeSqlite('unit', 'test/unit/formats/nativeDatabases.test.ts', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-native-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  describe('a file read where it lies is the same trace as in memory', () => {
    it.each(DATABASES)('%s', async (file) => {
      await expectSameByBothEngines(file);
    });

    it('with rows in its log: of a copy that is gone afterwards', async () => {
      const opened = await expectSameByBothEngines('test/fixtures/broken/live.db');
      expect(opened[0].ownCopy).toBe(true);
      expect((await openNatively('test/fixtures/flat/article_600.db')).opened[0].ownCopy).toBe(
        false,
      );
    });

    it.each(['test/fixtures/flat/article_600.db', 'test/fixtures/ingero/plain_0.8.db'])(
      '%s cut, damaged, with a journal beside it',
      async (file) => {
        const whole = readFileSync(file);
        for (const [i, length] of [0.2, 0.4, 0.7, 0.95].entries()) {
          const cut = path.join(folder, `cut${i}-${path.basename(file)}`);
          writeFileSync(cut, whole.subarray(0, Math.floor(whole.length * length)));
          await expectSameByBothEngines(cut);
        }
        for (let page = 1; page * 4096 < whole.length; page++) {
          const damaged = path.join(folder, `page${page}-${path.basename(file)}`);
          const bytes = Uint8Array.from(whole);
          bytes.fill(0xa5, page * 4096, page * 4096 + 64);
          writeFileSync(damaged, bytes);
          await expectSameByBothEngines(damaged);
        }
        const interrupted = path.join(folder, `journal-${path.basename(file)}`);
        copyFileSync(file, interrupted);
        writeFileSync(
          `${interrupted}-journal`,
          Uint8Array.of(0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 1),
        );
        await expectSameByBothEngines(interrupted);
        const { trace } = await openNatively(interrupted);
        expect(trace.report.warnings.map(({ code }) => code)).toContain('unfinished-write');
      },
    );
  });

  it('runs no view of a file read where it lies', async () => {
    const { Database } = await loadNodeSqlJs();
    const db = new Database(readFileSync('test/fixtures/ingero/plain_0.8.db'));
    db.run(`ALTER TABLE causal_chains RENAME TO kept;
      CREATE VIEW causal_chains AS WITH RECURSIVE n(detected_at) AS (SELECT 1 UNION ALL SELECT detected_at + 1 FROM n)
        SELECT detected_at, '' AS summary FROM n;
      CREATE VIEW gone AS SELECT * FROM nowhere`);
    const file = path.join(folder, 'views.db');
    writeFileSync(file, db.export());
    db.close();
    await expectSameByBothEngines(file);
    const { trace, opened } = await openNatively(file);
    expect(opened[0].ownCopy).toBe(false);
    expect(trace.markers).toEqual([]);
    expect(trace.launches.count).toBeGreaterThan(0);
  });

  describe('SQL over a file read where it lies', () => {
    it.each(DATABASES)('%s answers as in memory', async (file) => {
      await expectSameAnswers(file, EVERYWHERE);
    });

    it('hides private values of Nsight Systems in every way of asking', async () => {
      const file = 'test/fixtures/nsys/two_processes_3.25.sqlite';
      const statements = [
        'SELECT name, value FROM META_DATA_CAPTURE ORDER BY 1',
        'SELECT name, value FROM main.META_DATA_CAPTURE ORDER BY 1',
        'SELECT name, value FROM TARGET_INFO_SYSTEM_ENV ORDER BY 1',
        'SELECT id, value FROM main.StringIds ORDER BY 1',
      ];
      await expectSameAnswers(file, statements);
      const session = createNodeSession(undefined, { nativeBeyond: 0 });
      try {
        await session.open([file]);
        const { rows } = await session.query({ sql: statements[1] });
        expect(rows.some(([, value]) => value === '(hidden: private)')).toBe(true);
      } finally {
        await session.close();
      }
    });
  });

  describe('copies', () => {
    it('are refused with a sentence where there is no room', async () => {
      const file = path.join(folder, 'huge.db');
      copyFileSync('test/fixtures/broken/live.db', file);
      copyFileSync('test/fixtures/broken/live.db-wal', `${file}-wal`);
      const source = await nodeFileSource(file);
      try {
        await expect(
          readSqliteDatabase(
            { ...source, size: 2 ** 50 },
            { largeDatabases: nodeLargeDatabases(0, path.join(folder, 'scratch')) },
          ),
        ).rejects.toThrow(/has to be copied .* free of the 1048576.\d GiB it takes.*TMPDIR/);
      } finally {
        await source.close();
      }
    });

    it('stop where opening is cancelled, and leave nothing', async () => {
      const source = await nodeFileSource('test/fixtures/broken/live.db');
      const scratch = path.join(folder, 'cancelled');
      const cancelling = new AbortController();
      try {
        await expect(
          readSqliteDatabase(source, {
            largeDatabases: nodeLargeDatabases(0, scratch),
            signal: cancelling.signal,
            progress: ({ stage }) => {
              if (stage === 'Copying the database') {
                cancelling.abort();
              }
            },
          }),
        ).rejects.toThrow();
        expect(readdirSync(scratch)).toEqual([]);
      } finally {
        await source.close();
      }
    });

    it('of processes that are gone are swept, those of running ones stay', async () => {
      const parent = path.join(folder, 'parent');
      mkdirSync(parent);
      const mine = newScratchPath(parent);
      const gone = mine.replace(`-${process.pid}-`, '-999999999-');
      for (const scratch of [mine, gone, path.join(parent, 'layerscope-copy-other')]) {
        mkdirSync(scratch);
        writeFileSync(path.join(scratch, 'a.db'), 'x');
      }
      await sweepScratch(parent);
      expect(readdirSync(parent).sort()).toEqual(
        [path.basename(mine), 'layerscope-copy-other'].sort(),
      );
    });
  });
});
