import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ComposedSession } from '../../../src/session/composedSession.js';
import { nodeEngines, nodeInput } from '../../../src/session/nodeRuntime.js';
import { createNodeSession } from '../../../src/session/nodeSession.js';
import type { AttributionInputs, TraceSession } from '../../../src/session/session.js';
import { layerTypeOf, TraceOpenError } from '../../../src/trace/index.js';

const ARTICLE = resolve('test/fixtures/flat/article_600.db');
const PLAIN = resolve('test/fixtures/kineto/plain.pt.trace.json.gz');
const STACKS = resolve('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
const MODEL = resolve('test/fixtures/models/nemotron_h.config.json');

const model: AttributionInputs = { model: readFileSync(MODEL, 'utf8'), modelPath: MODEL };

describe('what attribution goes by besides the trace', () => {
  let session: TraceSession;
  afterEach(() => session.close());

  async function opened(path: string, attribution?: AttributionInputs) {
    session = createNodeSession();
    return session.open([path], attribution === undefined ? {} : { attribution });
  }

  /** Calls by layer type, from the analysis and from SQL. */
  async function callsByType() {
    const { rows } = await session.decompose({ by: 'layer-type' });
    const sql = 'SELECT layer_type, count(*) FROM calls GROUP BY layer_type ORDER BY layer_type';
    const queried = (await session.query({ sql })).rows;
    const analysed = rows.map(({ key, calls }) => [key, calls] as const);
    expect(queried).toEqual(analysed.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return Object.fromEntries(analysed);
  }

  async function drawnTypes() {
    const { type } = await session.tiles({ startNs: 0, endNs: 1e12, pixels: 1000 });
    return [...new Set(type)].map((code) => layerTypeOf(code).key);
  }

  it('is nothing where nothing is given', async () => {
    const { attribution } = await opened(PLAIN);
    expect(attribution).toEqual({ model: null, companion: [], rules: [], problems: [] });
  });

  it('is the model and the companion, by name', async () => {
    const { attribution } = await opened(PLAIN, {
      ...model,
      modelFound: true,
      companion: [STACKS],
    });
    expect(attribution).toEqual({
      model: { family: 'nemotron_h', layers: 52, path: MODEL, found: true, notes: [] },
      companion: ['layers.stack.pt.trace.json.gz'],
      rules: [],
      problems: [],
    });
  });

  it('is the rules of the user also where a call is explained', async () => {
    const why = 'everything is ours';
    const rules = { names: [{ id: 'own-all', kernel: '.', type: 'mlp', why }] };
    await opened(STACKS, { rules: [{ origin: 'layers.json', json: rules }] });
    const calls = await session.attributed({ from: 0, count: 1000 });
    const call = calls.findIndex(({ method, layer_type: type }) => {
      return method === 'module' && type !== 'mlp';
    });
    const { alternatives } = await session.explain({ call });
    expect(alternatives).toContainEqual({
      method: 'name',
      layer_type: 'mlp',
      layer_label: 'MLP',
      rule: { id: 'own-all', text: `Name: ${why}` },
      agrees: false,
    });
    expect(await session.explain({ at_us: calls[call].ts_us })).toMatchObject({ call });
  });

  it.each([
    [{ model: '{' }, 'model', 'It is not JSON'],
    [{ model: '{}' }, 'model', 'neither a model_type nor architectures'],
    [{ companion: ['/no/such/file.json'] }, 'companion', 'file.json'],
    [{ companion: [MODEL] }, 'companion', 'nemotron_h.config.json'],
    [{ companion: [PLAIN] }, 'companion', 'is the trace itself'],
    [{ rules: [{ origin: 'S', json: { names: [{ id: 'x' }] } }] }, 'rules', 'S: names[0] (x): '],
    [{ rules: [{ origin: 'S', text: '{' }] }, 'rules', 'S is not JSON: '],
  ] as const)(
    'costs only its own evidence where it is of no use: %j',
    async (given, input, why) => {
      const { attribution, counts } = await opened(PLAIN, given);
      expect(attribution).toMatchObject({ model: null, companion: [] });
      expect(attribution.problems).toEqual([{ input, sentence: expect.stringContaining(why) }]);
      expect((await session.decompose({ by: 'layer-type' })).overall.calls).toBe(counts.gpu);
    },
  );

  it('needs no companion that the host cannot hand over', async () => {
    const engines = nodeEngines();
    session = new ComposedSession({
      trace: engines.trace(),
      async input(path) {
        if (path === STACKS) {
          throw new TraceOpenError('too-large', 'layers.stack.pt.trace.json.gz has 1 GB.');
        }
        return nodeInput(path);
      },
      startQueries: async () => ({ engine: engines.query(), stop: () => undefined }),
      dispose: () => undefined,
    });
    const { attribution } = await session.open([PLAIN], { attribution: { companion: [STACKS] } });
    expect(attribution.problems).toEqual([
      { input: 'companion', sentence: 'layers.stack.pt.trace.json.gz has 1 GB.' },
    ]);
  });

  it('can change while the trace is open: labels, tiles and SQL are replaced', async () => {
    await opened(ARTICLE);
    const before = await callsByType();
    expect(before['mamba']).toBeGreaterThan(0);
    expect(await drawnTypes()).toContain('attention');
    const json = { names: [{ id: 'x', kernel: '.', type: 'mlp', why: 'all' }] };
    const changed = await session.reattribute({ ...model, rules: [{ origin: 'ours', json }] });
    expect(changed.attribution.rules).toEqual(['ours']);
    expect(changed.attribution.model?.family).toBe('nemotron_h');
    const all = Object.values(before).reduce((sum, calls) => sum + calls, 0);
    expect(await callsByType()).toEqual({ mlp: all });
    expect(await drawnTypes()).toEqual(['mlp']);
    const back = await session.reattribute({});
    expect(back.attribution.model).toBeNull();
    expect(await callsByType()).toEqual(before);
  });

  it('goes by own names before it reads structure', async () => {
    const json = { names: [{ id: 'x', kernel: '.', type: 'mlp', why: 'all' }] };
    const { counts } = await opened(PLAIN, { ...model, rules: [{ origin: 'ours', json }] });
    expect(await callsByType()).toEqual({ mlp: counts.gpu });
  });

  it('stops where it is cancelled, and keeps what it had', async () => {
    await opened(ARTICLE);
    const before = await callsByType();
    const cancel = new AbortController();
    cancel.abort();
    await expect(
      session.reattribute({ companion: [STACKS] }, { signal: cancel.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(await callsByType()).toEqual(before);
  });
});
