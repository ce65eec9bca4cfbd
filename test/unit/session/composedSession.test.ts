import { resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ComposedSession } from '../../../src/session/composedSession.js';
import type { StartedQueryEngine } from '../../../src/session/engines.js';
import { nodeEngines, nodeInput } from '../../../src/session/nodeRuntime.js';

const ARTICLE = resolve('test/fixtures/e2e/hybrid.db');

/** A session over the real engines that counts the query engines it starts and stops. */
function countedSession() {
  const engines = nodeEngines();
  const counts = { started: 0, stopped: 0, disposed: 0 };
  let onQuery = async (): Promise<void> => undefined;
  const session = new ComposedSession({
    trace: engines.trace(),
    input: nodeInput,
    async startQueries(): Promise<StartedQueryEngine> {
      counts.started++;
      const engine = engines.query();
      return {
        engine: {
          load: (data) => engine.load(data),
          async query(request) {
            await onQuery();
            return engine.query(request);
          },
        },
        stop: () => void counts.stopped++,
      };
    },
    dispose: () => void counts.disposed++,
  });
  return {
    session,
    counts,
    /** Holds queries inside the engine until `release`; `reached` tells that one has come so far. */
    holdQueries(): { reached: Promise<void>; release(): void } {
      let reach = (): void => undefined;
      let release = (): void => undefined;
      const reached = new Promise<void>((resolveReached) => (reach = resolveReached));
      const held = new Promise<void>((resolveHeld) => (release = resolveHeld));
      onQuery = () => {
        reach();
        return held;
      };
      return {
        reached,
        release() {
          onQuery = async () => undefined;
          release();
        },
      };
    },
  };
}

describe('a session of two engines', () => {
  let close = async (): Promise<void> => undefined;
  afterEach(() => close());

  it('starts a query engine at the first query and keeps it', async () => {
    const { session, counts } = countedSession();
    close = () => session.close();
    await session.open([ARTICLE]);
    expect(counts.started).toBe(0);
    const first = await session.query({
      sql: "SELECT count(*) AS n FROM events WHERE source='cuda'",
    });
    expect(first.rows).toEqual([[6400]]);
    await session.query({ sql: 'SELECT 1' });
    expect(counts).toMatchObject({ started: 1, stopped: 0 });
  });

  it('ends the engine of a cancelled query at once; the trace and later queries work', async () => {
    const { session, counts, holdQueries } = countedSession();
    close = () => session.close();
    await session.open([ARTICLE]);
    const held = holdQueries();
    const cancel = new AbortController();
    const query = session.query({ sql: 'SELECT 1' }, { signal: cancel.signal });
    await held.reached;
    cancel.abort();
    await expect(query).rejects.toMatchObject({ name: 'AbortError' });
    held.release();
    const { overall } = await session.decompose({ by: 'layer-type' });
    expect(overall.calls).toBe(6400);
    const { rows } = await session.query({ sql: 'SELECT count(*) FROM kernels' });
    expect(rows).toEqual([[6400]]);
    expect(counts).toMatchObject({ started: 2, stopped: 1 });
  });

  it('ends an engine that was still starting when its query was cancelled', async () => {
    const { session, counts } = countedSession();
    close = () => session.close();
    await session.open([ARTICLE]);
    const cancel = new AbortController();
    const query = session.query({ sql: 'SELECT 1' }, { signal: cancel.signal });
    cancel.abort();
    await expect(query).rejects.toMatchObject({ name: 'AbortError' });
    expect((await session.query({ sql: 'SELECT 1 AS one' })).rows).toEqual([[1]]);
    // Whichever of the two starts first, only the second one is left.
    await vi.waitFor(() => expect(counts).toMatchObject({ started: 2, stopped: 1 }), 10_000);
  });

  it('ends an engine that does not come to an end of loading when its query is cancelled', async () => {
    const engines = nodeEngines();
    let loading = (): void => undefined;
    const reached = new Promise<void>((resolveReached) => (loading = resolveReached));
    const stop = vi.fn();
    const session = new ComposedSession({
      trace: engines.trace(),
      input: nodeInput,
      startQueries: async () => ({
        engine: {
          load: () => {
            loading();
            return new Promise<void>(() => undefined);
          },
          query: (request) => engines.query().query(request),
        },
        stop,
      }),
      dispose: () => undefined,
    });
    await session.open([ARTICLE]);
    const cancel = new AbortController();
    const query = session.query({ sql: 'SELECT 1' }, { signal: cancel.signal });
    await reached;
    expect(stop).not.toHaveBeenCalled();
    cancel.abort();
    await expect(query).rejects.toMatchObject({ name: 'AbortError' });
    expect(stop).toHaveBeenCalledOnce();
    expect((await session.decompose({ by: 'layer-type' })).overall.calls).toBe(6400);
  });

  it('refuses a statement with its sentence and stays usable', async () => {
    const { session } = countedSession();
    close = () => session.close();
    await session.open([ARTICLE]);
    await expect(session.query({ sql: 'SELECT layertype FROM kernels' })).rejects.toThrow(
      /layer_type/,
    );
    expect((await session.query({ sql: 'SELECT 2 AS two' })).rows).toEqual([[2]]);
  });

  it('stops and disposes of everything when it is closed', async () => {
    const { session, counts } = countedSession();
    await session.open([ARTICLE]);
    await session.query({ sql: 'SELECT 1' });
    await session.close();
    expect(counts).toEqual({ started: 1, stopped: 1, disposed: 1 });
  });
});
