import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eachEventRow } from '../../../src/formats/eventRows.js';
import { trueCounts } from '../../../src/formats/ingero/aggregates.js';
import { HELD, HeldRows } from '../../../src/formats/ingero/heldRows.js';
import { EventLayout } from '../../../src/formats/ingero/ingeroRows.js';
import { SourceNames } from '../../../src/formats/ingero/sources.js';
import { middleTime, numberValue } from '../../../src/formats/sqlValues.js';
import type { SqlEngine } from '../../../src/sqlite/engine.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';

const FIXTURES = [
  'plain_0.8',
  'overwritten_counts_0.8',
  'two_ranks_0.9',
  'future_0.10',
  'sessions_0.10',
];

async function opened(file: string): Promise<SqlEngine> {
  const bytes = new Uint8Array(readFileSync(file));
  bytes[18] = 1;
  bytes[19] = 1;
  return openSqlJs(await loadNodeSqlJs(), bytes);
}

/** The rows of a file as its reader counts them. */
async function held(engine: SqlEngine): Promise<HeldRows> {
  const base = middleTime(engine, [{ table: 'events', column: 'timestamp' }]);
  const layout = new EventLayout(engine.columnsOf('events'), base);
  const rows = new HeldRows(base);
  await eachEventRow(
    engine,
    'events',
    layout.expressions,
    (row) =>
      rows.add(
        numberValue(row[layout.timestamp]),
        numberValue(row[layout.duration]),
        row[layout.source],
        row[layout.op],
        row[layout.pid],
      ),
    {},
  );
  return rows;
}

const GROUPED = `SELECT timestamp - timestamp % 60000000000, source, op, pid, count(*), min(duration),
  max(duration) FROM events GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;

/** Whether rows could be counted while they were read; where they could, as plain SQL groups them. */
async function expectGrouped(engine: SqlEngine): Promise<boolean> {
  const expected = engine.query(GROUPED).rows;
  const bySql = trueCounts(engine, new SourceNames(engine), undefined);
  const rows = await held(engine);
  expect(trueCounts(engine, new SourceNames(engine), rows)).toEqual(bySql);
  const [made] = engine.query(
    `SELECT count(*) FROM temp.sqlite_schema WHERE name = '${HELD}'`,
  ).rows;
  if (made[0] === 0) {
    return false;
  }
  expect(
    engine.query(`SELECT bucket, source, op, pid, n, least, most FROM ${HELD} ORDER BY 1, 2, 3, 4`)
      .rows,
  ).toEqual(expected);
  return true;
}

describe.each(FIXTURES)('%s', (name) => {
  const file = `test/fixtures/ingero/${name}.db`;

  it('counts the rows of a minute, source, operation and process as plain SQL does', async () => {
    const engine = await opened(file);
    expect(await expectGrouped(engine)).toBe(true);
    engine.close();
  });

  it('over many minutes, at their very ends, with counts right and wrong', async () => {
    const engine = await opened(file);
    engine.run(`
      UPDATE events SET timestamp = timestamp + 7000000000 * (id % 41), pid = pid + id % 3;
      UPDATE events SET timestamp = timestamp - timestamp % 60000000000 + (id % 2) * 59999999999 WHERE id % 5 < 2;
      UPDATE events SET duration = duration * 1.5 WHERE id % 7 = 0;
      DELETE FROM event_aggregates;
      INSERT INTO event_aggregates (bucket, source, op, pid, count, stored, min_dur, max_dur)
        SELECT timestamp - timestamp % 60000000000 AS b, source, op, pid, 10 * count(*),
               count(*) - (source = 3 AND op % 2 = 1), min(duration), max(duration)
        FROM events GROUP BY 1, 2, 3, 4 HAVING b / 60000000000 % 4 <> 1;`);
    expect(await expectGrouped(engine)).toBe(true);
    engine.close();
  });

  it.each([
    ['a time before the epoch', 'timestamp = -5'],
    ['a time that is no number', "timestamp = 'soon'"],
    ['a duration that is text', "duration = 'long'"],
    ['a process of no number', "pid = 'x'"],
    ['an operation below 0', 'op = -1'],
    ['a fraction of a source', 'source = 1.5'],
  ])('leaves %s to SQL', async (_what, change) => {
    const engine = await opened(file);
    engine.run(`UPDATE events SET ${change} WHERE id IN (SELECT id FROM events LIMIT 1 OFFSET 3)`);
    expect(await expectGrouped(engine)).toBe(false);
    engine.close();
  });
});
