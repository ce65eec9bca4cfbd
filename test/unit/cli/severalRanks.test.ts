import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ATTRIBUTE_COLUMNS } from '../../../src/cli/attributeOutput.js';
import { runInProcess } from './runInProcess.js';

const RANKS = [0, 1].map((rank) => `test/fixtures/kineto/two-ranks.rank${rank}.pt.trace.json.gz`);
const folder = mkdtempSync(join(tmpdir(), 'layerscope-ranks-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function attributed(...args: string[]) {
  const { code, out } = await runInProcess('attribute', ...args);
  expect(code).toBe(0);
  const [header, ...rows] = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  return { header, rows };
}

describe('imports of single ranks', () => {
  it('answer together as their originals do', async () => {
    const imports = RANKS.map((_, rank) => join(folder, `import${rank}.db`));
    for (const [rank, file] of RANKS.entries()) {
      expect((await runInProcess('import', file, '-o', imports[rank])).code).toBe(0);
    }
    for (const command of [
      ['attribute', '--explain'],
      ['decompose', '--by', 'rank', '--format', 'csv'],
      ['decompose', '--by', 'layer-type', '--format', 'csv'],
    ]) {
      const [original, again] = await Promise.all(
        [RANKS, imports].map((files) => runInProcess(command[0], ...files, ...command.slice(1))),
      );
      expect(again.out).toBe(original.out);
    }
    const ranksOf = async (files: readonly string[], ...options: string[]) => {
      const { out } = await runInProcess('info', ...files, '--format', 'json', ...options);
      const { ranks, run } = JSON.parse(out) as Record<
        'ranks' | 'run',
        readonly Record<'rank' | 'world_size' | 'label' | 'clock' | 'loaded', unknown>[]
      >;
      return {
        ranks: ranks.map(({ rank, world_size, label, clock }) => [rank, world_size, label, clock]),
        run: run.map(({ rank, world_size, label, loaded }) => [rank, world_size, label, loaded]),
      };
    };
    expect(await ranksOf(imports)).toEqual(await ranksOf(RANKS));
    // The rank of a file is known before it is read.
    expect(await ranksOf(imports, '--ranks', '1')).toEqual(await ranksOf(RANKS, '--ranks', '1'));
  });
});

describe('attribute over several ranks', () => {
  it('says in the last column whose each event is', async () => {
    const both = await attributed(...RANKS);
    expect(both.header).toEqual([...ATTRIBUTE_COLUMNS, 'rank']);
    for (const [rank, file] of RANKS.entries()) {
      const alone = await attributed(file);
      expect(alone.header).toEqual(ATTRIBUTE_COLUMNS);
      const own = both.rows.filter((row) => row.at(-1) === String(rank));
      expect(own.map((row) => row.slice(0, -1))).toEqual(alone.rows);
      expect(own.length).toBeGreaterThan(0);
    }
    const explained = await attributed('--explain', ...RANKS);
    expect(explained.header).toEqual([...ATTRIBUTE_COLUMNS, 'rule', 'why', 'rank']);
    expect(explained.rows.map((row) => row.at(-1))).toEqual(both.rows.map((row) => row.at(-1)));
    const chosen = await attributed(...RANKS, '--ranks', '1');
    expect(chosen.header).toEqual(ATTRIBUTE_COLUMNS);
  });

  it('names the file where the number tells nothing', async () => {
    const files = ['a', 'b'].map((name, i) => {
      const file = join(folder, `${name}.json.gz`);
      // Two recordings of the same rank are two files.
      copyFileSync(RANKS[0], file);
      return { file, label: `rank 0 (${name}.json.gz)`, i };
    });
    const { rows } = await attributed(...files.map(({ file }) => file));
    expect([...new Set(rows.map((row) => row.at(-1)))].sort()).toEqual(
      files.map(({ label }) => label),
    );
  });
});
