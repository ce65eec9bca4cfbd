import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithFloors, floorsOf } from '../../../scripts/score/floors.mjs';
import { findRuns } from '../../../scripts/score/recordings.mjs';
import { matchedByOrder } from '../../../scripts/score/run.mjs';
import { markdownScores, meetsBar, scoreTable } from '../../../scripts/score/tables.mjs';

function score(model: string, variant: string, figures: Record<string, unknown> = {}) {
  return {
    model,
    variant,
    type: 96,
    index: 93 as number | null,
    wrong: 1,
    wrongIndex: 0 as number | null,
    unclassified: 3,
    precision: 99 as number | null,
    missing: 0,
    note: '',
    worst: [],
    seconds: 1,
    ...figures,
  };
}

describe('recordings', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'layerscope-recordings-'));
    for (const file of [
      ...['a.truth.tsv.gz', 'a.pt.trace.json.gz', 'a.stack.pt.trace.json.gz', 'a.config.json'],
      ...['a.graph.truth.tsv.gz', 'a.graph.pt.trace.json.gz'],
      ...['a_ep2.long.rank0.truth.tsv.xz', 'a_ep2.long.rank0.pt.trace.json.xz'],
      ...['a_ep2.config.json', 'lone.truth.tsv', 'other.pt.trace.json'],
    ]) {
      writeFileSync(join(folder, file), '');
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const names = (can: { model: boolean; companion: boolean }) =>
    findRuns([folder], can).map(({ model, variant }) => `${model}: ${variant}`);

  it('are scored in every variant that their files and the command line allow', () => {
    expect(names({ model: true, companion: true })).toEqual([
      'a: stack',
      'a: plain',
      'a: plain + config',
      'a: graph',
      'a: graph + config',
      'a: graph + companion',
      'a_ep2.long.rank0: plain',
      'a_ep2.long.rank0: plain + config',
    ]);
    expect(names({ model: false, companion: false })).toEqual([
      'a: stack',
      'a: plain',
      'a: graph',
      'a_ep2.long.rank0: plain',
    ]);
  });

  it('of a graph are scored against the truth of the graph', () => {
    const run = findRuns([folder], { model: true, companion: true }).find(
      ({ variant }) => variant === 'graph + companion',
    );
    expect(run).toMatchObject({
      trace: join(folder, 'a.graph.pt.trace.json.gz'),
      truth: join(folder, 'a.graph.truth.tsv.gz'),
      companion: join(folder, 'a.stack.pt.trace.json.gz'),
    });
  });
});

describe('matching by order', () => {
  const answer = 'ts_us\tname\tlayer_type\n20.000\tb\tmlp\n10.000\ta\tnorm\n';

  it('gives the answer the times of the truth where both ran the same kernels', () => {
    const truth = 'correlation\tts_us\tname\n1\t9.000\tb\n2\t5.000\ta\n';
    expect(matchedByOrder(answer, truth)).toBe(
      'ts_us\tname\tlayer_type\n5.000\ta\tnorm\n9.000\tb\tmlp\n',
    );
  });

  it('refuses where they did not', () => {
    expect(matchedByOrder(answer, 'ts_us\tname\n1\ta\n')).toBeNull();
    expect(matchedByOrder(answer, 'ts_us\tname\n1\tb\n2\ta\n')).toBeNull();
  });
});

describe('floors and bars', () => {
  it('tell what fell, what may be raised and what has none', () => {
    const floors = floorsOf([score('m', 'plain'), score('n', 'plain', { index: null })]);
    const { fallen, risen } = compareWithFloors(
      [
        score('m', 'plain', { type: 95.99, index: 93.4, precision: 99.6 }),
        score('n', 'plain', { index: null }),
        score('m', 'stack'),
      ],
      floors,
    );
    expect(fallen).toEqual(['m, plain: type 95.99 %, floor 96 %']);
    expect(risen).toEqual(['m, plain: precision 99.6 %, floor 99 %', 'm, stack: has no floor yet']);
  });

  it('are raised and never lowered unasked', () => {
    const before = floorsOf([score('m', 'plain', { type: 50, precision: 100 })]);
    const now = [score('m', 'plain'), score('n', 'stack', { index: null })];
    expect(floorsOf(now, before)).toEqual({
      m: { plain: { type: 96, index: 93, precision: 100 } },
      n: { stack: { type: 96, index: null, precision: 99 } },
    });
  });

  it('are met by type and index together; a truth without layers has no index', () => {
    expect(meetsBar(score('m', 'plain'))).toBeNull();
    expect(meetsBar(score('m', 'plain + config'))).toBe(true);
    expect(meetsBar(score('m', 'plain + config', { index: 91.9 }))).toBe(false);
    expect(meetsBar(score('m', 'plain + config', { index: null }))).toBe(true);
    expect(meetsBar(score('m', 'stack'))).toBe(false);
  });

  it('are written as a table for people and one for the docs', () => {
    const scores = [
      score('m', 'plain'),
      score('m', 'plain + config', { note: 'matched by order', index: null }),
    ];
    expect(scoreTable(scores)).toMatch(/^m +plain \+ config +96\.0 +– .* 95 \/ 92 met .*order$/m);
    expect(scoreTable([score('m', 'stack', { type: 99.96, wrong: 0.04 })])).toContain('99.96');
    const docs = markdownScores(scores);
    expect(docs).toContain('| trace | plain | plain + config |');
    expect(docs).toContain('| m | 96.0 / 93.0 | 96.0 / – ¹ |');
    expect(docs).toContain('¹ matched by order.');
  });
});
