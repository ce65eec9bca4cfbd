import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ruleSources } from '../../../src/cli/ruleFiles.js';

let root = '';
const rules = (...folders: string[]) => join(...folders, '.layerscope', 'layers.json');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'layerscope-rules-'));
  for (const folder of ['', 'work', join('work', 'traces', 'deep')]) {
    await mkdir(join(root, folder, '.layerscope'), { recursive: true });
    await writeFile(rules(root, folder), `{"$schema":"${folder}"}`);
  }
});
afterAll(() => rm(root, { recursive: true }));

it('finds rules from the folder of the trace up to the working directory, the nearest first', async () => {
  const { found } = await ruleSources([], join('traces', 'deep', 'a.db'), join(root, 'work'));
  expect(found).toEqual([rules('traces', 'deep'), rules('')]);
});

it('looks only beside a trace that lies elsewhere', async () => {
  const { found } = await ruleSources([], join(root, 'work', 'a.db'), join(root, 'work', 'traces'));
  expect(found).toEqual([rules(root, 'work')]);
  expect((await ruleSources([], join(root, 'x', 'a.db'), join(root, 'work'))).found).toEqual([]);
});

it('puts what is named first, and does not read a file twice', async () => {
  const named = rules(root, 'work');
  const { sources, found } = await ruleSources([named], 'a.db', join(root, 'work'));
  expect(found).toEqual([]);
  expect(sources).toEqual([{ origin: named, text: '{"$schema":"work"}' }]);
});
