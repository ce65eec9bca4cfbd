import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DECOMPOSE_BY } from '../../src/analysis/results.js';
import { runInProcess } from '../unit/cli/runInProcess.js';

const SHARED = resolve('../shared/traces');
/** One of each format, and the largest. */
const TRACES = [
  ['article/hybrid.db'],
  [
    'h200/nemotron_h_ep2.rank0.stack.pt.trace.json.gz',
    'h200/nemotron_h_ep2.rank1.stack.pt.trace.json.gz',
  ],
  ['h200/jamba.graph.pt.trace.json.gz'],
  ['ingero/vllm-37343-logprobs-amplification.db'],
  ['public/nsys/nsysai_h100_2gpu_1s.sqlite'],
  ['public/rocpd/bt2_test_rocm_database.db'],
  ['public/rpd/rpd_raptor_mytrace.rpd'],
];

describe('recordings, imported', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layerscope-corpus-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function printed(...args: string[]): Promise<string> {
    const { code, out, said } = await runInProcess(...args);
    expect(code, said).toBe(0);
    return out;
  }

  it.each(TRACES)('%s %s', async (...names) => {
    const files = names.filter((name) => name?.includes('/')).map((name) => join(SHARED, name));
    const before = files.map((file) =>
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    );
    const out = join(folder, 'out.db');
    await printed('import', ...files, '-o', out);
    // The two ranks take seconds to open: for them what is particular to ranks.
    const keys = files.length > 1 ? (['layer-type', 'rank'] as const) : DECOMPOSE_BY;
    for (const by of keys) {
      const table = (of: readonly string[]) =>
        printed('decompose', ...of, '--by', by, '--format', 'csv');
      expect(await table([out]), by).toBe(await table(files));
    }
    if (files.length === 1) {
      expect(await printed('attribute', out, '--explain')).toBe(
        await printed('attribute', files[0], '--explain'),
      );
    }
    const sql = 'SELECT layer_type, count(*), sum(duration_ns) FROM calls GROUP BY 1 ORDER BY 1';
    expect(await printed('query', out, sql)).toBe(await printed('query', ...files, sql));
    const after = files.map((file) =>
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    );
    expect(after).toEqual(before);
  });
});
