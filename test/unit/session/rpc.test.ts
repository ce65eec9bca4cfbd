import { describe, expect, it } from 'vitest';
import { connect, serve, type Endpoint } from '../../../src/session/rpc.js';
import { SqlError } from '../../../src/sqlite/engine.js';
import { TraceOpenError } from '../../../src/trace/index.js';
import type { CallOptions } from '../../../src/session/session.js';

/** Two ends of a real message channel, as between a host and its worker. */
function channel(): { near: Endpoint; far: Endpoint; close(): void } {
  const { port1, port2 } = new MessageChannel();
  const end = (port: MessagePort): Endpoint => ({
    post: (message, transfer) => port.postMessage(message, [...(transfer ?? [])]),
    listen: (handler) => {
      port.onmessage = (event: MessageEvent) => handler(event.data);
    },
  });
  return {
    near: end(port1),
    far: end(port2),
    close() {
      port1.close();
      port2.close();
    },
  };
}

class Counter {
  async add(request: { a: number; b: number }): Promise<number> {
    return request.a + request.b;
  }
  async columns(request: { count: number }): Promise<{ values: Float64Array }> {
    return { values: Float64Array.from({ length: request.count }, (_, i) => i) };
  }
  async until(_request: undefined, options?: CallOptions): Promise<string> {
    options?.progress?.({ stage: 'waiting', fraction: 0.5 });
    await new Promise<void>((resolve) =>
      options?.signal?.addEventListener('abort', () => resolve(), { once: true }),
    );
    options?.signal?.throwIfAborted();
    return 'never';
  }
  async refuse(request: { how: 'open' | 'sql' | 'plain' }): Promise<void> {
    if (request.how === 'open') {
      throw new TraceOpenError('not-a-trace', 'This is a picture.', 'a PNG picture', ['a', 'b']);
    }
    if (request.how === 'sql') {
      throw new SqlError('no such column: x', 'SELECT x');
    }
    throw new RangeError('out of it');
  }
}
const methods = ['add', 'columns', 'until', 'refuse'] as const;

async function withCounter<R>(
  use: (remote: Pick<Counter, (typeof methods)[number]>, fail: (e: Error) => void) => Promise<R>,
): Promise<R> {
  const { near, far, close } = channel();
  serve(new Counter(), methods, far, ['columns']);
  const { remote, fail } = connect<Counter>(methods, near);
  try {
    return await use(remote as Pick<Counter, (typeof methods)[number]>, fail);
  } finally {
    close();
  }
}

describe('calls across a message channel', () => {
  it('answers each call with its own result, whatever the order', async () => {
    await withCounter(async (remote) => {
      const sums = await Promise.all(
        Array.from({ length: 20 }, (_, i) => remote.add({ a: i, b: i })),
      );
      expect(sums).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
    });
  });

  it('moves typed arrays', async () => {
    await withCounter(async (remote) => {
      const { values } = await remote.columns({ count: 3 });
      expect(values).toEqual(Float64Array.of(0, 1, 2));
    });
  });

  it('reports progress and ends a call that is cancelled', async () => {
    await withCounter(async (remote) => {
      const cancel = new AbortController();
      const stages: string[] = [];
      const call = remote.until(undefined, {
        signal: cancel.signal,
        progress: ({ stage }) => {
          stages.push(stage);
          cancel.abort();
        },
      });
      await expect(call).rejects.toMatchObject({ name: 'AbortError' });
      expect(stages).toEqual(['waiting']);
    });
  });

  it('keeps the kind of an error and what it carries', async () => {
    await withCounter(async (remote) => {
      const open = await remote.refuse({ how: 'open' }).catch((e: unknown) => e);
      expect(open).toBeInstanceOf(TraceOpenError);
      expect(open).toMatchObject({
        code: 'not-a-trace',
        message: 'This is a picture.',
        looksLike: 'a PNG picture',
        tables: ['a', 'b'],
      });
      const sql = await remote.refuse({ how: 'sql' }).catch((e: unknown) => e);
      expect(sql).toBeInstanceOf(SqlError);
      expect(sql).toMatchObject({ sql: 'SELECT x' });
      await expect(remote.refuse({ how: 'plain' })).rejects.toMatchObject({
        name: 'RangeError',
        message: 'out of it',
      });
    });
  });

  it('fails every waiting and later call once the far end is gone', async () => {
    await withCounter(async (remote, fail) => {
      const waiting = remote.until(undefined);
      fail(new Error('The trace engine stopped.'));
      await expect(waiting).rejects.toThrow('stopped');
      await expect(remote.add({ a: 1, b: 1 })).rejects.toThrow('stopped');
    });
  });
});
