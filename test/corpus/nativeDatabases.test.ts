import { readdirSync } from 'node:fs';
import { describe, it } from 'vitest';
import { EVERYWHERE, expectSameAnswers, expectSameByBothEngines } from '../unit/formats/engines.js';
import { underNodeSqlite } from '../unit/underNodeSqlite.js';

const TRACES = '../shared/traces';
const FILES = [
  'article',
  'ingero',
  'public/ingero',
  'public/nsys',
  'public/other',
  'public/rocpd',
  'public/rpd',
].flatMap((folder) =>
  readdirSync(`${TRACES}/${folder}`)
    .filter((name) => /\.(db|sqlite|rpd)$/.test(name))
    .map((name) => `${TRACES}/${folder}/${name}`),
);

/** Every SQLite file of the corpus as if it were too large for memory. */
underNodeSqlite('corpus', 'test/corpus/nativeDatabases.test.ts', () => {
  describe.each(FILES)('%s', (file) => {
    it('is the same trace by both engines', async () => {
      await expectSameByBothEngines(file);
    });
    it('answers SQL alike by both engines', async () => {
      await expectSameAnswers(file, EVERYWHERE);
    });
  });
});
