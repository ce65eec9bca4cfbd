import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DECOMPOSE_BY } from '../../../src/analysis/results.js';
import { createNodeSession } from '../../../src/session/nodeSession.js';
import type { AttributionInputs, TraceSession } from '../../../src/session/session.js';

const FIXTURES: readonly (readonly string[])[] = [
  ['flat/article_600.db'],
  ['ingero/plain_0.8.db'],
  ['kineto/layers.stack.pt.trace.json.gz'],
  ['kineto/two-ranks.rank0.pt.trace.json.gz', 'kineto/two-ranks.rank1.pt.trace.json.gz'],
  ['kineto/backward.stack.pt.trace.json.gz'],
  ['nsys/two_processes_3.25.sqlite'],
  ['nsys/captured_3.25.sqlite'],
  ['nsys/metrics_3.25.sqlite'],
  ['ingero/sessions_0.10.db'],
  ['rocpd/merged_3.0.2.db'],
  ['rpd/serving.rpd'],
];
const MODEL = resolve('test/fixtures/models/nemotron_h.config.json');
const VIEWS = [
  'kernels',
  'memory_ops',
  'collectives',
  'launches',
  'calls',
  'layers',
  'steps',
  'stalls',
  'ranges',
  'host_events',
  'ranks',
  'threads',
  'streams',
  'counters',
  'counter_samples',
];

describe('an import answers as the trace it was made of', () => {
  let folder: string;
  const sessions: TraceSession[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'layerscope-import-'));
  });
  afterEach(() => Promise.all(sessions.splice(0).map((session) => session.close())));
  afterAll(() => rm(folder, { recursive: true }));

  async function opened(paths: readonly string[], attribution: AttributionInputs = {}) {
    const session = createNodeSession();
    sessions.push(session);
    return { session, summary: await session.open(paths, { attribution }) };
  }

  async function importOf(paths: readonly string[], attribution?: AttributionInputs) {
    const { session, summary } = await opened(paths, attribution);
    const parts: Uint8Array[] = [];
    await session.export({ to: 'database', writtenBy: 'layerscope test' }, async (bytes) => {
      parts.push(bytes);
    });
    const file = join(folder, `${sessions.length}-${paths.length}.db`);
    await writeFile(file, Buffer.concat(parts));
    return { session, summary, file };
  }

  async function answers(session: TraceSession) {
    const calls = await session.attributed({ from: 0, count: 1e6, explain: true });
    const decompositions = [];
    for (const by of DECOMPOSE_BY) {
      const { trace, ...decomposition } = await session.decompose({ by });
      decompositions.push({ ...decomposition, figures: { ...trace, path: '' } });
    }
    const some = [0, Math.floor(calls.length / 2), calls.length - 1];
    const explained = [];
    for (const call of some) {
      const explanation = await session.explain({ call });
      explained.push(
        { ...explanation, alternatives: [] },
        await session.call({ call }),
        await session.sourceHints({ call }),
      );
    }
    const views = [];
    for (const view of VIEWS) {
      const { columns, rows } = await session.query({ sql: `SELECT * FROM ${view}` });
      const file = view === 'ranks' ? columns.indexOf('file') : -1;
      // An import does not keep the folders of its files.
      views.push(
        rows.map((row) => row.map((cell, i) => (i === file ? basename(String(cell)) : cell))),
      );
    }
    return {
      calls,
      decompositions,
      explained,
      views,
      stalls: await session.stalls({ limit: 1e6 }),
      unclassified: await session.unclassified({}),
    };
  }

  it.each(FIXTURES)('%s %s', async (...names) => {
    const paths = names
      .filter((name) => name.includes('/'))
      .map((name) => resolve('test/fixtures', name));
    const { session, summary, file } = await importOf(paths);
    const again = await opened([file]);
    expect(await answers(again.session)).toEqual(await answers(session));
    expect(again.summary).toMatchObject({
      format: 'layerscope',
      formatLabel: `Layerscope import of ${summary.formatLabel}`,
      counts: summary.counts,
      originNs: summary.originNs,
      dashboard: summary.dashboard,
      markers: summary.markers,
      attribution: { kept: true },
    });
    expect(summary.counts.gpu + summary.counts.launches).toBeGreaterThan(0);
  });

  describe('with a model', () => {
    const model = { model: readFileSync(MODEL, 'utf8'), modelPath: MODEL };
    const trace = resolve('test/fixtures/kineto/plain.pt.trace.json.gz');

    it('keeps what the model told, and says that it is kept', async () => {
      const { session, file } = await importOf([trace], model);
      const again = await opened([file]);
      expect(again.summary.attribution).toEqual({
        model: {
          family: 'nemotron_h',
          layers: 52,
          path: 'nemotron_h.config.json',
          found: false,
          notes: [],
        },
        companion: [],
        rules: [],
        problems: [],
        kept: true,
      });
      expect(await again.session.attributed({ from: 0, count: 1e6 })).toEqual(
        await session.attributed({ from: 0, count: 1e6 }),
      );
    });

    it('is labelled anew by what somebody chose, not by what lay beside it', async () => {
      const { file } = await importOf([trace]);
      const rules = [
        {
          origin: 'own',
          json: { names: [{ id: 'all', kernel: '.', type: 'mlp', why: 'ours' }] },
        },
      ];
      const typesOf = async (attribution: AttributionInputs) => {
        const { session, summary } = await opened([file], attribution);
        const { rows } = await session.decompose({ by: 'layer-type' });
        return { types: rows.map(({ key }) => key), kept: summary.attribution.kept };
      };
      const plain = await typesOf({});
      expect(plain.kept).toBe(true);
      expect(plain.types).not.toEqual(['mlp']);
      expect(await typesOf({ rules, rulesFound: true })).toEqual(plain);
      expect(await typesOf({ ...model, modelFound: true })).toEqual(plain);
      expect(await typesOf({ rules })).toMatchObject({ types: expect.arrayContaining(['mlp']) });
      expect((await typesOf({ rules })).kept).toBeUndefined();
      expect((await typesOf(model)).kept).toBeUndefined();
    });

    it('is labelled anew when that is asked for', async () => {
      const { file } = await importOf([trace]);
      const { session } = await opened([file]);
      expect((await session.reattribute(model)).attribution).toMatchObject({
        model: { family: 'nemotron_h' },
      });
      expect((await session.reattribute({})).attribution.kept).toBeUndefined();
    });
  });

  it('stops where it is cancelled', async () => {
    const { session } = await opened([resolve('test/fixtures/flat/article_600.db')]);
    const stopping = new AbortController();
    const writing = session.export({ to: 'csv', writtenBy: 'test' }, async () => stopping.abort(), {
      signal: stopping.signal,
    });
    await expect(writing).rejects.toThrow(/abort/i);
    expect((await session.decompose({ by: 'layer-type' })).rows.length).toBeGreaterThan(0);
  });
});
