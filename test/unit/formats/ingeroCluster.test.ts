import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import type { Trace } from '../../../src/trace/index.js';
import { plainSql, readers } from './reading.js';

const MERGED = 'test/fixtures/ingero/two_ranks_0.9.db';
const PLAIN = 'test/fixtures/ingero/plain_0.8.db';

/** A database changed by statements, as a recorder might have written it. */
async function changed(file: string, ...statements: string[]): Promise<Uint8Array> {
  const { Database } = await loadNodeSqlJs();
  const bytes = new Uint8Array(readFileSync(file));
  bytes[18] = 1;
  bytes[19] = 1;
  const db = new Database(bytes);
  try {
    statements.forEach((sql) => db.run(sql));
    return (db as unknown as { export(): Uint8Array }).export();
  } finally {
    db.close();
  }
}

const open = async (files: Record<string, Uint8Array>): Promise<Trace> =>
  openTrace(
    Object.entries(files).map(([name, bytes]) => bytesSource(`/m/${name}`, name, bytes)),
    await readers(),
  );

/** Events of each rank, by its label. */
function eventsByRank(trace: Trace): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const table of [trace.launches, trace.host]) {
    for (let i = 0; i < table.count; i++) {
      const { label } = trace.ranks[trace.lanes[table.lane[i]].rank];
      counts[label] = (counts[label] ?? 0) + 1;
    }
  }
  return counts;
}

describe('an Ingero cluster', () => {
  let nodes: readonly (readonly unknown[])[];
  beforeAll(async () => {
    nodes = await plainSql(
      MERGED,
      'SELECT node, count(*) FROM events GROUP BY node ORDER BY min(rowid)',
    );
  });

  it('merged into one file without ranks: nodes by number, never by the names of hosts', async () => {
    expect(nodes.length).toBeGreaterThan(1);
    const bytes = await changed(MERGED, 'UPDATE events SET rank = NULL');
    const trace = await open({ 'cluster.db': bytes });
    expect(trace.ranks.map(({ label, rank }) => [label, rank])).toEqual(
      nodes.map((_, i) => [`node ${i + 1}`, -1]),
    );
    expect(eventsByRank(trace)).toEqual(
      Object.fromEntries(nodes.map(([, events], i) => [`node ${i + 1}`, events])),
    );
    const shown = JSON.stringify([trace.ranks, trace.lanes, trace.report]);
    for (const [name] of nodes) {
      expect(shown).not.toContain(String(name));
    }
  });

  it('of one file a node, opened together: every event under its node, on one clock', async () => {
    const bytes = new Uint8Array(readFileSync(PLAIN));
    const trace = await open({
      'b.db': await changed(PLAIN, 'UPDATE events SET timestamp = timestamp + 1000000'),
      'a.db': bytes,
    });
    const [[events]] = await plainSql(PLAIN, 'SELECT count(*) FROM events');
    expect(trace.ranks.map(({ label, path }) => [label, path])).toEqual([
      ['node 1', '/m/a.db'],
      ['node 2', '/m/b.db'],
    ]);
    expect(trace.report.rowsInFile).toBe(2 * Number(events));
    const alone = await open({ 'a.db': bytes });
    expect(trace.clock.originNs).toBe(alone.clock.originNs);
    expect(trace.spanNs).toBe(alone.spanNs + 1_000_000);
    // Host calls are no collectives: what cannot be told is said, and nothing is moved.
    expect(trace.ranks[1].clock).toMatchObject({ skewNs: null, shiftNs: 0 });
    expect(trace.ranks[1].clock?.note).toContain('there are no collectives to compare');
  });
});
