import { describe, expect, it } from 'vitest';
import { nodeEngines } from '../../../src/session/nodeRuntime.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';

const SITE = '/opt/venv/lib/python3.12/site-packages';

/** An `events` table whose kernels have names that tell nothing and stacks that tell all. */
async function databaseWithStacks(): Promise<Uint8Array> {
  const { Database } = await loadNodeSqlJs();
  const db = new Database() as unknown as {
    run(sql: string, values?: unknown[]): void;
    export(): Uint8Array;
  };
  db.run(
    'CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp INTEGER, source TEXT, name TEXT, duration_us REAL, stack TEXT)',
  );
  const sdpa = JSON.stringify([
    {
      file: `${SITE}/transformers/integrations/sdpa_attention.py`,
      line: 92,
      function: 'sdpa_attention_forward',
    },
    { file: '/srv/app/engine.py', line: 40, function: 'step' },
  ]);
  const insert =
    'INSERT INTO events (timestamp, source, name, duration_us, stack) VALUES (?, ?, ?, ?, ?)';
  db.run(insert, [1_777_334_400_000, 'cuda', 'gemm_128x64', 10, sdpa]);
  db.run(insert, [1_777_334_500_000, 'cuda', 'gemm_128x64', 10, '[]']);
  return db.export();
}

describe('stacks of a flat events table', () => {
  it('tell the layer of a kernel whose name does not, and lead to its code', async () => {
    const engine = nodeEngines().trace();
    const bytes = await databaseWithStacks();
    await engine.open({ inputs: [{ path: 'stacks.db', name: 'stacks.db', bytes }] });
    const calls = await engine.attributed({ from: 0, count: 2 });
    expect(calls.map((call) => [call.layer_type, call.method])).toEqual([
      ['attention', 'stack'],
      ['unclassified', 'none'],
    ]);
    const hints = await engine.sourceHints({ call: 0 });
    expect(
      hints.find((hint) => hint.kind === 'frame' && hint.file === '/srv/app/engine.py'),
    ).toMatchObject({ line: 40, symbol: 'step' });
    const details = await engine.call({ call: 0 });
    expect(details.stack.map((frame) => frame.function)).toEqual([
      'sdpa_attention_forward',
      'step',
    ]);
  });
});
