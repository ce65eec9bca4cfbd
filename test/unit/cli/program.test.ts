import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import type { TraceSession, TraceSummary } from '../../../src/session/session.js';
import { SqlError } from '../../../src/sqlite/engine.js';
import { TraceOpenError } from '../../../src/trace/index.js';

const summary: TraceSummary = {
  files: [{ path: '/t/a.db', name: 'a.db', bytes: 610_304 }],
  format: 'flat',
  formatLabel: 'events table',
  spanNs: 1e9,
  originNs: '1777334400000000123',
  epoch: 'unix',
  ranks: [{ rank: -1, worldSize: 1, label: 'a.db', path: '/t/a.db', device: '' }],
  counts: { gpu: 50_000, launches: 0, ranges: 0, host: 900 },
  timeKind: 'gpu',
  report: {
    rowsInFile: 50_900,
    rowsRead: 50_900,
    rowsCounted: null,
    skipped: [],
    missing: ['python stacks'],
    warnings: [],
    facts: [],
  },
  markers: [],
  dashboard: {
    duty_cycle: 0.5,
    duty_cycle_samples: [0.5],
    sample_ns: 1e9,
    duty_cycle_range: { min: 0.5, median: 0.5, max: 0.5 },
    overall: { calls: 50_000, total_ns: 5e8, p50_ns: 1, p99_ns: 2, max_ns: 3, tail_ratio: 2 },
  },
  attribution: { model: null, companion: [], problems: [] },
};

/** Runs a command line over a session that answers with `answers`; everything else it is asked fails the test. */
async function run(args: readonly string[], answers: Partial<TraceSession> = {}) {
  const out: string[] = [];
  const said: string[] = [];
  const close = vi.fn(async () => undefined);
  const refuse = async (): Promise<never> => {
    throw new Error('not expected to be asked');
  };
  const session: TraceSession = {
    open: async () => summary,
    reattribute: refuse,
    decompose: refuse,
    stalls: refuse,
    tiles: refuse,
    call: refuse,
    sourceHints: refuse,
    query: refuse,
    attributed: refuse,
    close,
    ...answers,
  };
  const createSession = vi.fn(async () => session);
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  try {
    const code = await runCli(args, {
      version: '1.2.3',
      createSession,
      terminal: {
        write: async (text) => void out.push(text),
        say: (line) => void said.push(`${line}\n`),
        progress: () => undefined,
        progressDone: () => undefined,
      },
    });
    return {
      code,
      out: out.join(''),
      said: said.join(''),
      opened: createSession.mock.calls.length,
      closed: close.mock.calls.length,
    };
  } finally {
    stderr.mockRestore();
    stdout.mockRestore();
  }
}

describe('exit codes', () => {
  it.each([
    ['an unknown command', ['decompos', 'a.db']],
    ['no command', []],
    ['no trace', ['decompose']],
    ['an unknown grouping', ['decompose', 'a.db', '--by', 'colour']],
    ['an unknown format', ['info', 'a.db', '--format', 'csv']],
    ['an unknown option', ['info', 'a.db', '--colour']],
    ['a factor that is none', ['stalls', 'a.db', '--factor', '1']],
    ['a limit that is none', ['stalls', 'a.db', '--limit', '-3']],
    ['a limit with a unit', ['stalls', 'a.db', '--limit', '3k']],
    ['two traces where one is asked for', ['attribute', 'a.db', 'b.db']],
    ['a query without SQL', ['query', 'a.db']],
  ])('is 2 for %s, before anything is opened', async (_, args) => {
    const { code, out, said, opened } = await run(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(said).not.toBe('');
    expect(opened).toBe(0);
  });

  it.each([[['--help']], [['--version']], [['decompose', '--help']]])(
    'is 0 for %s',
    async (args) => {
      const { code, out, said } = await run(args);
      expect(code).toBe(0);
      expect(out).not.toBe('');
      expect(said).toBe('');
    },
  );

  it('is 3 with the sentence where the trace cannot be opened', async () => {
    const { code, out, said, closed } = await run(['decompose', 'a.db'], {
      open: async () => {
        throw new TraceOpenError('empty', "'a.db' is empty.");
      },
    });
    expect({ code, out, said, closed }).toEqual({
      code: 3,
      out: '',
      said: "'a.db' is empty.\n",
      closed: 1,
    });
  });

  it('is 2 for SQL that cannot run', async () => {
    const { code, out, said, closed } = await run(['query', 'a.db', 'SELEC 1'], {
      query: async () => {
        throw new SqlError('near "SELEC": syntax error', 'SELEC 1');
      },
    });
    expect({ code, out, said, closed }).toEqual({
      code: 2,
      out: '',
      said: 'near "SELEC": syntax error\n',
      closed: 1,
    });
  });

  it('is 70 for a defect, which no build may read as a gate', async () => {
    const { code, said, closed } = await run(['decompose', 'a.db']);
    expect({ code, closed }).toEqual({ code: 70, closed: 1 });
    expect(said).toContain('not expected to be asked');
  });
});

describe('commands', () => {
  it('info says what the trace holds', async () => {
    const { code, out } = await run(['info', 'a.db']);
    expect(code).toBe(0);
    expect(out).toMatch(/^GPU events +50,000$/m);
    expect(out).toMatch(/^rows counted +not stated by the file$/m);
    expect(out).toMatch(/^missing +python stacks$/m);
    const json = JSON.parse((await run(['info', 'a.db', '--format', 'json'])).out) as {
      trace: { origin_ns: string };
      events: unknown;
    };
    expect(json.trace.origin_ns).toBe('1777334400000000123');
    expect(json.events).toEqual({ gpu: 50_000, api_calls: 0, ranges: 0, host: 900 });
  });

  it('attribute writes every event, in pieces, under one header', async () => {
    const asked: number[] = [];
    const { code, out } = await run(['attribute', 'a.db'], {
      attributed: async ({ from, count }) => {
        asked.push(from);
        return Array.from({ length: Math.min(count, 50_000 - from) }, (_, i) => ({
          ts_us: String(from + i),
          dur_us: '1.000',
          device: '0',
          stream: '7',
          name: 'k',
          layer_type: 'mlp',
          layer_index: '3',
          module: '',
          method: 'name',
        }));
      },
    });
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(50_001);
    expect(lines[0].startsWith('ts_us\t')).toBe(true);
    expect(lines.slice(1).every((line, i) => line.startsWith(`${i}\t`))).toBe(true);
    expect(asked).toEqual([0, 20_000, 40_000]);
  });

  it('attribute has nothing to print for a trace without GPU events and says so', async () => {
    const { code, out, said } = await run(['attribute', 'a.db'], {
      open: async () => ({
        ...summary,
        timeKind: 'host_api',
        counts: { ...summary.counts, gpu: 0 },
      }),
    });
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(said).toContain('no GPU events');
  });

  it('query takes the files of several ranks, then the statement', async () => {
    const asked: unknown[] = [];
    const { code } = await run(['query', 'rank0.json', 'rank1.json', 'SELECT 1'], {
      open: async (paths) => {
        asked.push(paths);
        return summary;
      },
      query: async ({ sql }) => {
        asked.push(sql);
        return { columns: ['1'], rows: [[1]], truncated: false, elapsedMs: 1, ranSql: sql };
      },
    });
    expect(code).toBe(0);
    expect(asked).toEqual([['rank0.json', 'rank1.json'], 'SELECT 1']);
  });

  it('query reads the statement from a file, and says which file it cannot read', async () => {
    const asked: string[] = [];
    const query: TraceSession['query'] = async ({ sql }) => {
      asked.push(sql);
      return { columns: [], rows: [], truncated: false, elapsedMs: 1, ranSql: sql };
    };
    const saved = 'queries/tail-by-layer-type.tracesql';
    expect((await run(['query', 'a.db', '--file', saved], { query })).code).toBe(0);
    expect(asked).toEqual([readFileSync(saved, 'utf8')]);
    const missing = await run(['query', 'a.db', '--file', 'no-such.tracesql'], { query });
    expect(missing.code).toBe(2);
    expect(missing.said).toMatch(/no-such\.tracesql/);
  });

  it('query says that rows are left out', async () => {
    const { out, said } = await run(
      ['query', 'a.db', 'SELECT 1', '--limit', '1', '--format', 'csv'],
      {
        query: async ({ limit }) => ({
          columns: ['n'],
          rows: [[limit ?? null]],
          truncated: true,
          elapsedMs: 1,
          ranSql: 'SELECT 1',
        }),
      },
    );
    expect(out).toBe('n\r\n1\r\n');
    expect(said).toBe('Only the first 1 rows are shown (--limit).\n');
  });
});

describe('--model and --companion', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'layerscope-cli-'));
    await writeFile(join(folder, 'good.json'), '{"model_type":"jamba","num_hidden_layers":32}');
    await writeFile(
      join(folder, 'infinite.json'),
      '{"model_type":"nemotron_h","hybrid_override_pattern":"M*E","note":"NaN \\" Infinity","time_step_limit":[0.0,Infinity,-Infinity,NaN]}',
    );
    await writeFile(join(folder, 'list.json'), '[]');
    await writeFile(join(folder, 'other.json'), '{"name":"x"}');
    await writeFile(join(folder, 'broken.json'), '{');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['good.json', 0, ''],
    ['list.json', 2, 'It is not a JSON object'],
    ['infinite.json', 0, ''],
    ['other.json', 2, 'is no model configuration'],
    ['broken.json', 2, 'It is not JSON'],
    ['absent.json', 2, 'cannot be read'],
  ])('%s ends with %i', async (name, expected, sentence) => {
    const { code, said } = await run(['attribute', 'a.db', '--model', join(folder, name)], {
      attributed: async () => [],
    });
    expect(code).toBe(expected);
    expect(said).toContain(sentence);
  });

  it.each([
    ['decompose', ['decompose', 'a.db']],
    ['stalls', ['stalls', 'a.db']],
    ['attribute', ['attribute', 'a.db']],
    ['query', ['query', 'a.db', 'SELECT 1']],
  ])('reach the session of %s', async (_, args) => {
    const model = join(folder, 'good.json');
    const asked: unknown[] = [];
    await run([...args, '--model', model, '--companion', 'r0.json', '--companion', 'r1.json'], {
      open: async (_paths, options) => {
        asked.push(options?.attribution);
        return summary;
      },
    });
    expect(asked).toEqual([
      { model: readFileSync(model, 'utf8'), modelPath: model, companion: ['r0.json', 'r1.json'] },
    ]);
  });

  it('are named beneath the table, and in the JSON', async () => {
    const attribution = {
      model: { family: 'jamba', layers: 32, path: '', found: false, notes: [] },
      companion: ['b.json'],
      problems: [],
    };
    const population = {
      rows: 1,
      counted: 1,
      rows_in_file: 1,
      skipped: [],
      time_kind: 'gpu',
      gpu_time_ns: 1,
      classified_share: 1,
      by_method: { structure: 1 },
    } as const;
    const answers: Partial<TraceSession> = {
      open: async () => ({ ...summary, attribution }),
      stalls: async () => ({ factor: 5, found: 0, lost_ns: 0, stalls: [], population }),
    };
    expect((await run(['stalls', 'a.db'], answers)).out).toContain(
      'Layers told by: structure matched with jamba configuration (32 layers); ' +
        'companion b.json: no call here labelled by it.',
    );
    const json = await run(['stalls', 'a.db', '--format', 'json'], answers);
    expect(JSON.parse(json.out)).toMatchObject({ found: 0, attribution });
  });

  it('info takes neither', async () => {
    expect((await run(['info', 'a.db', '--model', join(folder, 'good.json')])).code).toBe(2);
  });

  it('say what was assumed, and end with 3 where the companion cannot be used', async () => {
    const attribution = {
      model: { family: 'jamba', layers: 32, path: '', found: false, notes: ['It leaves out x.'] },
      companion: [],
      problems: [{ input: 'companion', sentence: 'b.json does not exist.' }],
    } as const;
    const attributed = async () => [];
    const noted = await run(['attribute', 'a.db'], {
      open: async () => ({ ...summary, attribution: { ...attribution, problems: [] } }),
      attributed,
    });
    expect(noted).toMatchObject({
      code: 0,
      said: 'Model configuration jamba: It leaves out x.\n',
    });
    const refused = await run(['attribute', 'a.db'], {
      open: async () => ({ ...summary, attribution }),
      attributed,
    });
    expect(refused).toMatchObject({
      code: 3,
      out: '',
      said: 'The companion trace cannot be used. b.json does not exist.\n',
    });
  });
});
