import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decomposition, StallList } from '../../src/analysis/results.js';

const CLI = resolve('dist/cli.js');
const ARTICLE = resolve('../shared/traces/article/hybrid.db');
const JAMBA = resolve('../shared/traces/h200/jamba.pt.trace.json.gz');
const INGERO = resolve('../shared/traces/ingero/vllm-37343-logprobs-amplification.db');
const HOST_ONLY = resolve('../shared/traces/ingero/sample-gpu-node-01.db');

interface Run {
  code: number | null;
  out: string;
  said: string;
}

/** Runs the built command from another folder; `lines` closes its output after that many. */
function layerscope(args: readonly string[], lines = Infinity): Promise<Run> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: tmpdir() });
    let out = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.split('\n').length > lines) {
        child.stdout.destroy();
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', failed);
    child.on('close', (code) => done({ code, out, said }));
  });
}

beforeAll(() => {
  if (!existsSync(CLI)) {
    throw new Error('dist/cli.js is missing: run npm run build');
  }
});

describe('decompose', () => {
  it('prints the table of the product description', async () => {
    const { code, out, said } = await layerscope(['decompose', ARTICLE]);
    expect({ code, said }).toEqual({ code: 0, said: '' });
    const rows = out.split('\n').map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
    const figures = (label: string): string[] => {
      const cells = rows.find(([first]) => first === label) ?? [];
      return [cells[1], cells[4], cells[5], cells[7]];
    };
    expect(figures('Mamba SSM')).toEqual(['3,840', '42', '95', '2.3x']);
    expect(figures('Transformer attention')).toEqual(['1,920', '88', '320', '3.6x']);
    expect(figures('MoE all-to-all')).toEqual(['640', '180', '12,400', '69x']);
    expect(figures('all calls').slice(0, 3)).toEqual(['6,400', '50', '300']);
    expect(out).toContain(
      '6,400 of 7,300 rows are GPU events; 100 % of GPU time classified: 100 % kernel names',
    );
  });

  it('has the JSON shape that is promised', async () => {
    const { code, out } = await layerscope(['decompose', ARTICLE, '--format', 'json']);
    expect(code).toBe(0);
    const json = JSON.parse(out) as Decomposition;
    expect(json).toMatchObject({
      trace: { path: ARTICLE, format: 'flat', events: 7300, gpu_events: 6400, ranks: 1 },
      population: { rows: 6400, counted: 6400, classified_share: 1 },
      overall: { calls: 6400 },
    });
    expect(json.trace.span_ns).toBeGreaterThan(59e9);
    expect(json.population.by_method.name).toBeCloseTo(1, 12);
    expect(json.population.gpu_time_ns).toBeCloseTo(json.overall.total_ns, 3);
    expect(json.overall.duty_cycle).toBeGreaterThan(0);
    for (const row of json.rows) {
      expect(Object.keys(row)).toEqual(
        expect.arrayContaining([
          'key',
          'label',
          'calls',
          'total_ns',
          'share',
          'p50_ns',
          'p99_ns',
          'max_ns',
          'tail_ratio',
        ]),
      );
    }
  });

  it('says of an Ingero trace that its time is host time', async () => {
    const { code, out } = await layerscope(['decompose', INGERO]);
    expect(code).toBe(0);
    expect(out).toContain('host time is not GPU time');
    const json = JSON.parse(
      (await layerscope(['decompose', INGERO, '--format', 'json'])).out,
    ) as Decomposition;
    expect(json.overall.duty_cycle).toBeNull();
    expect(json.population).toMatchObject({ time_kind: 'host_api', gpu_time_ns: 0 });
    expect(json.trace.gpu_events).toBe(0);
  });
});

it('says of a trace without calls that there is nothing to measure', async () => {
  const { code, out } = await layerscope(['decompose', HOST_ONLY]);
  expect(code).toBe(0);
  expect(out).toContain(
    'None of the 200 rows is a GPU event or an API call: there is nothing to measure.',
  );
});

describe('the other commands', () => {
  it('info', async () => {
    const { code, out, said } = await layerscope(['info', JAMBA]);
    expect({ code, said }).toEqual({ code: 0, said: '' });
    expect(out).toMatch(/^format +PyTorch/m);
    expect(out).toMatch(/^GPU events +9,576$/m);
  });

  it('stalls', async () => {
    const { code, out } = await layerscope(['stalls', ARTICLE, '--limit', '3', '--format', 'json']);
    expect(code).toBe(0);
    const list = JSON.parse(out) as StallList;
    expect(list.stalls).toHaveLength(3);
    expect(list.stalls[0]).toMatchObject({ layer_type: 'moe_all_to_all', duration_ns: 15_837_033 });
    const strict = await layerscope(['stalls', ARTICLE, '--factor', '80', '--format', 'json']);
    expect((JSON.parse(strict.out) as StallList).found).toBeLessThan(list.found);
  });

  it('attribute: the times are those of the file, to the digit', async () => {
    const { code, out, said } = await layerscope(['attribute', JAMBA, '--format', 'tsv']);
    expect({ code, said }).toEqual({ code: 0, said: '' });
    const [header, ...lines] = out.trimEnd().split('\n');
    expect(header).toBe(
      'ts_us\tdur_us\tdevice\tstream\tname\tlayer_type\tlayer_index\tmodule\tmethod',
    );
    const json = JSON.parse(gunzipSync(readFileSync(JAMBA)).toString()) as {
      traceEvents: { cat?: string; ts: number; dur: number }[];
    };
    const stated = new Map<string, number>();
    for (const { cat, ts, dur } of json.traceEvents) {
      if (['kernel', 'gpu_memcpy', 'gpu_memset'].includes(cat ?? '')) {
        // These times are below 2^53 ns: three decimals of the double are those of the file.
        const key = `${ts.toFixed(3)} ${dur.toFixed(3)}`;
        stated.set(key, (stated.get(key) ?? 0) + 1);
      }
    }
    expect(lines).toHaveLength(9576);
    for (const line of lines) {
      const [ts, dur] = line.split('\t');
      const key = `${ts} ${dur}`;
      const left = stated.get(key) ?? 0;
      expect(left, key).toBeGreaterThan(0);
      stated.set(key, left - 1);
    }
    expect([...stated.values()].every((left) => left === 0)).toBe(true);
  });

  it('attribute: the epoch of a flat file is exact', async () => {
    const { out } = await layerscope(['attribute', ARTICLE]);
    expect(out.split('\n')[1].split('\t').slice(0, 2)).toEqual(['1777334400000000.123', '87.393']);
  });

  it("query runs the article's statement as written", async () => {
    const statement = `SELECT name, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us) AS p50,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_us) AS p99
    FROM events WHERE source='cuda' GROUP BY name ORDER BY p99 DESC LIMIT 20`;
    for (const trace of [ARTICLE, JAMBA, INGERO]) {
      const { code, out, said } = await layerscope(['query', trace, statement, '--format', 'json']);
      expect({ code, said }).toEqual({ code: 0, said: '' });
      const { rows } = JSON.parse(out) as { rows: Record<string, unknown>[] };
      const kernels = JSON.parse(
        (await layerscope(['decompose', trace, '--by', 'kernel', '--format', 'json'])).out,
      ) as Decomposition;
      for (const row of rows) {
        const own = kernels.rows.find(({ key }) => key === row['name']);
        expect(own?.calls, String(row['name'])).toBe(row['count(*)']);
        expect(row['p50']).toBeCloseTo((own?.p50_ns ?? NaN) / 1000, 6);
        expect(row['p99']).toBeCloseTo((own?.p99_ns ?? NaN) / 1000, 6);
      }
      // Of an Ingero trace, source 'cuda' is the runtime API; the driver API is a source of its own.
      const cuda = kernels.rows.filter(({ key }) => trace !== INGERO || key.startsWith('cuda'));
      expect(rows.length).toBe(Math.min(20, cuda.length));
    }
  });
});

describe('exit codes', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'layerscope-cli-'));
    await writeFile(join(folder, 'empty.db'), '');
    await writeFile(join(folder, 'notes.json'), '{"hello": "world"}');
    await writeFile(
      join(folder, 'noise.db'),
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 73) % 251),
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['decompose', 'absent.db'],
    ['info', 'empty.db'],
    ['stalls', 'notes.json'],
    ['attribute', 'noise.db'],
    ['decompose', '.'],
  ])('%s %s is 3: a sentence on stderr, nothing on stdout', async (command, name) => {
    const { code, out, said } = await layerscope([command, join(folder, name)]);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(said).toMatch(/^[^\n]*[.)]\n$/);
    expect(said).not.toContain('    at ');
  });

  it.each([
    [['decompose', ARTICLE, '--by', 'colour']],
    [['nothing']],
    [['query', ARTICLE, 'SELEC 1']],
    [['query', ARTICLE, 'DELETE FROM events']],
  ])('%s is 2', async (args) => {
    const { code, out, said } = await layerscope(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(said).not.toBe('');
  });

  it('is 0 without a word when the reader has seen enough', async () => {
    const { code, said } = await layerscope(['attribute', JAMBA], 2);
    expect({ code, said }).toEqual({ code: 0, said: '' });
  });
});

it('leaves traces and their folders as they were', async () => {
  const state = (): string[] =>
    [ARTICLE, INGERO].flatMap((path) => [
      createHash('sha256').update(readFileSync(path)).digest('hex'),
      ...readdirSync(dirname(path)),
    ]);
  const before = state();
  for (const path of [ARTICLE, INGERO]) {
    await layerscope(['decompose', path]);
    await layerscope(['query', path, 'SELECT count(*) FROM events']);
  }
  expect(state()).toEqual(before);
});
