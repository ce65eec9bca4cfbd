import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ComposedSession } from '../../../src/session/composedSession.js';
import type { TraceInput } from '../../../src/session/engines.js';
import { nodeEngines, nodeInput } from '../../../src/session/nodeRuntime.js';
import type { TraceSession } from '../../../src/session/session.js';

const folder = mkdtempSync(join(tmpdir(), 'layerscope-ranks-'));
afterAll(() => rmSync(folder, { recursive: true }));
const FILES = [0, 1].map((rank) => {
  const name = `two-ranks.rank${rank}.pt.trace.json.gz`;
  copyFileSync(`test/fixtures/kineto/${name}`, join(folder, name));
  return join(folder, name);
});

let close = async (): Promise<void> => undefined;
afterEach(() => close());

function session(input: (path: string, unread?: boolean) => Promise<TraceInput> = nodeInput) {
  const engines = nodeEngines();
  const made: TraceSession = new ComposedSession({
    trace: engines.trace(),
    input,
    startQueries: async () => ({ engine: engines.query(), stop: () => undefined }),
    dispose: () => undefined,
  });
  close = () => made.close();
  return made;
}

const ranksBySql = async (open: TraceSession): Promise<unknown> =>
  (await open.query({ sql: 'SELECT rank, loaded FROM ranks ORDER BY id' })).rows;
const callsBySql = async (open: TraceSession): Promise<unknown> =>
  (await open.query({ sql: 'SELECT rank, count(*) FROM calls GROUP BY rank ORDER BY rank' })).rows;

describe('choosing ranks of an open run', () => {
  it('changes every answer, and each says what it is made of', async () => {
    const open = session();
    const first = await open.open(FILES, { ranks: { kind: 'paths', paths: [FILES[1]] } });
    expect(first.run.map(({ rank, loaded }) => [rank, loaded])).toEqual([
      [0, false],
      [1, true],
    ]);
    const alone = await open.decompose({ by: 'rank' });
    expect(alone.rows.map(({ label }) => label)).toEqual(['rank 1']);
    expect(alone.population.ranks).toEqual({ loaded: 1, available: 2 });
    expect((await open.stalls({})).population.ranks).toEqual({ loaded: 1, available: 2 });
    expect(await ranksBySql(open)).toEqual([
      [1, 1],
      [0, 0],
    ]);
    const callsAlone = await callsBySql(open);

    const both = await open.loadRanks({ ranks: { kind: 'all' } });
    expect(both.ranks.map(({ rank }) => rank)).toEqual([0, 1]);
    expect(both.counts.gpu).toBeGreaterThan(first.counts.gpu);
    const together = await open.decompose({ by: 'rank' });
    expect(together.rows).toHaveLength(2);
    expect(together.population.ranks).toEqual({ loaded: 2, available: 2 });
    expect(await ranksBySql(open)).toEqual([
      [0, 1],
      [1, 1],
    ]);
    const calls = (await callsBySql(open)) as readonly unknown[];
    expect(calls[1]).toEqual((callsAlone as readonly unknown[])[0]);

    const again = await open.loadRanks({ ranks: { kind: 'numbers', numbers: [1] } });
    expect(again.counts).toEqual(first.counts);
    expect(again.dashboard).toEqual(first.dashboard);
  });

  it('that cannot be read leaves the trace as it was', async () => {
    const open = session();
    await open.open(FILES, { ranks: { kind: 'numbers', numbers: [0] } });
    const before = await open.decompose({ by: 'kernel' });
    await expect(open.loadRanks({ ranks: { kind: 'numbers', numbers: [0, 7] } })).rejects.toThrow(
      'There is no rank 7 here: the ranks are 0-1.',
    );
    expect(await open.decompose({ by: 'kernel' })).toEqual(before);
  });

  it('keeps the labels’ inputs: they are given anew with the choice', async () => {
    const open = session();
    await open.open(FILES, { ranks: { kind: 'numbers', numbers: [0] } });
    const attribution = { model: '{"model_type": "nope"' };
    const { attribution: basis } = await open.loadRanks({ ranks: { kind: 'all' }, attribution });
    expect(basis.problems.map(({ input }) => input)).toEqual(['model']);
  });
});

describe('files whose bytes have to be sent', () => {
  it('are sent once they are chosen', async () => {
    const sent: string[] = [];
    const open = session(async (path, unread = false) => {
      const name = basename(path);
      if (unread) {
        return { path, name, unread: true };
      }
      sent.push(name);
      return { path, name, bytes: new Uint8Array(readFileSync(path)) };
    });
    const summary = await open.open(FILES, { ranks: { kind: 'paths', paths: [FILES[0]] } });
    expect(sent).toEqual([basename(FILES[0])]);
    // Of the other one the name is known, which states its rank.
    expect(summary.run.map(({ rank, bytes, loaded }) => [rank, bytes > 0, loaded])).toEqual([
      [0, true, true],
      [1, false, false],
    ]);
    const both = await open.loadRanks({ ranks: { kind: 'paths', paths: FILES } });
    expect(sent).toEqual(FILES.map((file) => basename(file)));
    expect(both.ranks.map(({ rank }) => rank)).toEqual([0, 1]);
    await open.loadRanks({ ranks: { kind: 'paths', paths: [FILES[1]] } });
    await open.loadRanks({ ranks: { kind: 'paths', paths: FILES } });
    expect(sent).toHaveLength(2);
  });
});
