import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { nodeInput } from '../../src/session/nodeRuntime.js';
import { createNodeWorkerSession } from '../../src/session/nodeWorkerSession.js';
import { makeDatabase, folderState } from '../unit/formats/reading.js';

const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-endless-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** ms from asking for the end of a query to its answer. */
const MOST_MS = 200;

it('a query over an endless view of the file is cancelled at once, and the trace stays open', async () => {
  const file = path.join(folder, 'endless.db');
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)';
  writeFileSync(
    file,
    await makeDatabase(
      'CREATE TABLE events(timestamp, name, duration_us)',
      "INSERT INTO events VALUES (1, 'k', 2), (5, 'k', 3)",
      `CREATE VIEW endless AS ${endless} SELECT i FROM n`,
      `CREATE VIEW silent AS ${endless} SELECT i FROM n WHERE i < 0`,
    ),
  );
  const before = folderState(file);
  // The workers as VS Code starts them: `npm run build` makes them.
  const session = createNodeWorkerSession(path.resolve('dist'), nodeInput);
  try {
    const summary = await session.open([file]);
    expect(summary.counts.gpu).toBe(2);
    for (const sql of [
      'SELECT count(*) FROM endless',
      'SELECT * FROM silent',
      `${endless} SELECT max(i) FROM n`,
    ]) {
      expect((await session.query({ sql: 'SELECT count(*) FROM kernels' })).rows).toEqual([[2]]);
      const cancel = new AbortController();
      const query = session.query({ sql }, { signal: cancel.signal });
      await new Promise((resolve) => setTimeout(resolve, 500));
      const asked = performance.now();
      cancel.abort();
      await expect(query).rejects.toMatchObject({ name: 'AbortError' });
      expect(performance.now() - asked).toBeLessThan(MOST_MS);
      expect((await session.decompose({ by: 'layer-type' })).overall.calls).toBe(2);
    }
  } finally {
    await session.close();
  }
  expect(folderState(file)).toEqual(before);
});
