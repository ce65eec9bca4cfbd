import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import type {
  CallExplanation,
  Decomposition,
  Population,
  UnclassifiedList,
} from '../../../src/analysis/results.js';
import { NoSuchCallError } from '../../../src/analysis/callAt.js';
import type { TraceSession, TraceSummary } from '../../../src/session/session.js';
import { parseRules } from '../../../src/layers/rules.js';
import { SqlError } from '../../../src/sqlite/engine.js';
import { TraceOpenError } from '../../../src/trace/index.js';

const summary: TraceSummary = {
  files: [{ path: '/t/a.db', name: 'a.db', bytes: 610_304 }],
  format: 'flat',
  recordedFormat: 'flat',
  formatLabel: 'events table',
  spanNs: 1e9,
  recordedNs: 1e9,
  originNs: '1777334400000000123',
  epoch: 'unix',
  ranks: [{ rank: -1, worldSize: 1, label: 'a.db', path: '/t/a.db', device: '' }],
  run: [],
  counts: { gpu: 50_000, launches: 0, ranges: 0, host: 900 },
  timeKind: 'gpu',
  counters: [],
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
  attribution: { model: null, companion: [], rules: [], problems: [] },
};

const POPULATION: Population = {
  rows: 50_000,
  counted: 50_000,
  rows_in_file: 50_900,
  ranks: { loaded: 1, available: 1 },
  skipped: [],
  time_kind: 'gpu',
  gpu_time_ns: 5e8,
  classified_share: 0.9,
  by_method: { module: 0.9, none: 0.1 },
  evidence: [
    { method: 'module', calls: 45_000, total_ns: 4.5e8, share: 0.9 },
    { method: 'none', calls: 5000, total_ns: 5e7, share: 0.1 },
  ],
};

const DECOMPOSITION: Decomposition = {
  trace: {
    path: '/t/a.db',
    format: 'flat',
    events: 1,
    gpu_events: 1,
    span_ns: 1e9,
    recorded_ns: 1e9,
    ranks: 1,
  },
  by: 'layer-type',
  population: POPULATION,
  overall: { ...summary.dashboard.overall, duty_cycle: 0.5 },
  rows: [],
};

const EXPLANATION: CallExplanation = {
  call: 17,
  ts_us: '1777334400000000.123',
  name: 'nccl\x1b[31mSendRecv',
  start_ns: 0,
  duration_ns: 12_400_000,
  lane: 'cuda:0 stream 7',
  layer_type: 'moe_all_to_all',
  layer_label: 'MoE all-to-all',
  layer_index: 3,
  module: 'Block_3.Dispatcher_1',
  method: 'module',
  rule: { id: 'dispatch', text: 'Module class: token dispatch' },
  evidence: [
    { kind: 'launch', text: 'cudaLaunchKernel on python (1)', decided: false },
    { kind: 'modules', text: 'Model_0 > Block_3 > Dispatcher_1', decided: true },
  ],
  alternatives: [
    {
      method: 'name',
      layer_type: 'collective',
      layer_label: 'Collective',
      rule: { id: 'nccl', text: 'Name: a collective' },
      agrees: false,
    },
  ],
  neighbours: [
    {
      call: 15,
      offset: -1,
      name: 'before',
      start_ns: 0,
      duration_ns: 1000,
      layer_type: 'norm',
      layer_label: 'Norm',
      layer_index: 3,
      method: 'module',
    },
    {
      call: 19,
      offset: 1,
      name: 'after',
      start_ns: 0,
      duration_ns: 2000,
      layer_type: 'unclassified',
      layer_label: 'Unclassified',
      layer_index: -1,
      method: 'none',
    },
  ],
  note: 'Other calls start at the same time: 18 (--call).',
};

const LEFT: UnclassifiedList = {
  population: POPULATION,
  calls: 5000,
  total_ns: 5e7,
  share: 0.1,
  kernels: ['gemm<"a", 1>', 'copy\u202e'].map((name, i) => ({
    name,
    calls: 2500,
    total_ns: 2.5e7,
    share: 0.05,
    classified_calls: i,
    streams: ['cuda:0 stream 7', 'cuda:0 stream 8', 'cuda:0 stream 9'].slice(0, 1 + 2 * i),
    reasons: [{ reason: i === 0 ? 'no launch' : 'a graph', calls: 2500, total_ns: 2.5e7 }],
    longest: { call: i, start_ns: 0, duration_ns: 1e6 },
  })),
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
    loadRanks: refuse,
    reattribute: refuse,
    decompose: refuse,
    stalls: refuse,
    tiles: refuse,
    call: refuse,
    explain: refuse,
    unclassified: refuse,
    sourceHints: refuse,
    query: refuse,
    attributed: refuse,
    export: refuse,
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
    ['a query without SQL', ['query', 'a.db']],
    ['an explanation of no call', ['explain', 'a.db']],
    ['an explanation of two calls', ['explain', 'a.db', '--call', '1', '--at', '5']],
    ['rules as a format of explain', ['explain', 'a.db', '--call', '1', '--format', 'rules']],
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
    const answers = { decompose: async () => DECOMPOSITION };
    const { code, out } = await run(['info', 'a.db'], answers);
    expect(code).toBe(0);
    expect(out).toMatch(/^GPU events +50,000$/m);
    expect(out).toMatch(/^rows counted +not stated by the file$/m);
    expect(out).toMatch(/^missing +python stacks$/m);
    expect(out).toMatch(/^known by module ranges +90 % of GPU time: 45,000 calls, 450 ms$/m);
    expect(out).toMatch(/^unclassified +10 % of GPU time: 5,000 calls, 50 ms$/m);
    const json = JSON.parse((await run(['info', 'a.db', '--format', 'json'], answers)).out) as {
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

  it('attribute --explain adds two columns behind the nine of the contract', async () => {
    const asked: unknown[] = [];
    const { out } = await run(['attribute', 'a.db', '--explain'], {
      attributed: async (request) => {
        asked.push(request.explain);
        return [
          {
            ...{ ts_us: '1.000', dur_us: '2.000', device: '0', stream: '7', name: 'k' },
            ...{ layer_type: 'mlp', layer_index: '3', module: 'M', method: 'name' },
            rule: 'Name: a\tkernel [k]',
            why: 'no launch',
          },
        ];
      },
    });
    const [header, line] = out.split('\n');
    expect(header).toBe(
      'ts_us\tdur_us\tdevice\tstream\tname\tlayer_type\tlayer_index\tmodule\tmethod\trule\twhy',
    );
    expect(line).toBe('1.000\t2.000\t0\t7\tk\tmlp\t3\tM\tname\tName: a\\tkernel [k]\tno launch');
    expect(asked).toEqual([true, true, true]);
  });

  it('explain says the label, the rule, the evidence, the conflict and the neighbours', async () => {
    const asked: unknown[] = [];
    const explain: TraceSession['explain'] = async (choice) => {
      asked.push(choice);
      return EXPLANATION;
    };
    const { code, out } = await run(['explain', 'a.db', '--at', '1777334400000000.123'], {
      explain,
    });
    expect(code).toBe(0);
    expect(out).toMatch(/^call +17 at 1777334400000000\.123 µs$/m);
    expect(out).toMatch(/^layer +MoE all-to-all, layer 3$/m);
    expect(out).toMatch(/^rule +Module class: token dispatch \[dispatch\]$/m);
    expect(out).toMatch(/^\* modules +Model_0 > Block_3 > Dispatcher_1$/m);
    expect(out).toMatch(/CONFLICT: Collective, Name: a collective \[nccl\]/);
    expect(out).toMatch(/15 +-1 .*Norm[\s\S]*17 +> .*MoE all-to-all[\s\S]*19 +\+1 .*Unclassified/);
    expect(out).toContain('Other calls start at the same time: 18');
    expect(out).toContain('nccl\\x1b[31mSendRecv');
    expect(out).not.toContain('\x1b');
    const json = await run(['explain', 'a.db', '--call', '17', '--format', 'json'], { explain });
    expect(JSON.parse(json.out)).toEqual(EXPLANATION);
    expect(asked).toEqual([{ at_us: '1777334400000000.123' }, { call: 17 }]);
  });

  it('explain is 2 for a call the trace does not have', async () => {
    const { code, said } = await run(['explain', 'a.db', '--call', '99'], {
      explain: async () => {
        throw new NoSuchCallError('There is no call 99.');
      },
    });
    expect({ code, said }).toEqual({ code: 2, said: 'There is no call 99.\n' });
  });

  it('unclassified lists what is left, with each reason written once', async () => {
    const unclassified = async () => LEFT;
    const { code, out } = await run(['unclassified', 'a.db'], { unclassified });
    expect(code).toBe(0);
    expect(out).toContain('(1) no launch');
    expect(out).toContain('(2) a graph');
    expect(out).toMatch(/2,500 .*copy\\u202e +3 streams +\(2\)/);
    expect(out).toContain('5,000 calls of 2 names took 50 ms, 10 % of GPU time');
    const csv = await run(['unclassified', 'a.db', '--format', 'csv', '--limit', '1'], {
      unclassified,
    });
    expect(csv.out).toBe(
      'name,calls,total_ns,share,classified_calls,streams,reasons\r\n' +
        '"gemm<""a"", 1>",2500,25000000,0.05,0,cuda:0 stream 7,no launch\r\n',
    );
    const json = await run(['unclassified', 'a.db', '--format', 'json'], { unclassified });
    expect(JSON.parse(json.out)).toEqual(LEFT);
  });

  it('unclassified --format rules is a rule file that names the kernels and nothing else', async () => {
    const { out } = await run(['unclassified', 'a.db', '--format', 'rules'], {
      unclassified: async () => LEFT,
    });
    const rules = parseRules(JSON.parse(out), 'layers.json');
    expect(rules.names.map(({ type }) => type)).toEqual(['unclassified', 'unclassified']);
    for (const { name } of LEFT.kernels) {
      expect(rules.names.filter(({ kernel }) => kernel?.test(name) ?? false)).toHaveLength(1);
      expect(rules.names.filter(({ kernel }) => kernel?.test(`${name}x`) ?? false)).toEqual([]);
    }
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

  it('info lists the counters with their samples, unit and extremes, as text and as JSON', async () => {
    const counter = {
      ...{ name: 'SMs Active', unit: '%', rank: 0, device: 0, source: 'GPU_METRICS' },
      ...{ samples: 6000, min: 0, mean: 48.5, max: 97 },
    };
    const memory = { ...counter, name: 'Memory \u202eallocated', unit: 'bytes', device: -1 };
    const answers: Partial<TraceSession> = {
      open: async () => ({
        ...summary,
        counters: [counter, memory, ...Array.from({ length: 41 }, () => counter)],
        report: { ...summary.report, samples: { inFile: 12_010, read: 12_000 } },
      }),
      decompose: async () => DECOMPOSITION,
    };
    const { out } = await run(['info', 'a.db'], answers);
    expect(out).toMatch(/^counter samples +12,000 of 12,010 in the file$/m);
    expect(out).toMatch(/^counter +cuda:0 SMs Active: 6,000 samples, 0 to 97 %$/m);
    expect(out).toMatch(/^counter +host Memory [^\u202e]*allocated: 6,000 samples, 0 B to 97 B$/m);
    expect(out).toMatch(/^counters, too +3 more; --format json lists all$/m);
    const json = JSON.parse((await run(['info', 'a.db', '--format', 'json'], answers)).out) as {
      samples: object;
      counters: object[];
    };
    expect(json.samples).toEqual({ in_file: 12_010, read: 12_000 });
    expect(json.counters).toHaveLength(43);
    expect(json.counters[0]).toEqual({ ...counter, rank: -1, rank_label: 'a.db' });
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
      rules: [],
      problems: [],
    };
    const population = {
      rows: 1,
      counted: 1,
      rows_in_file: 1,
      ranks: { loaded: 1, available: 1 },
      skipped: [],
      time_kind: 'gpu',
      gpu_time_ns: 1,
      classified_share: 1,
      by_method: { structure: 1 },
      evidence: [],
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
      rules: [],
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

  it('find rules near the trace and say so, and take those that are named before them', async () => {
    const rules = join(folder, 'own.json');
    const near = join(folder, '.layerscope', 'layers.json');
    await writeFile(rules, '{"names":[]}');
    await mkdir(join(folder, '.layerscope'));
    await writeFile(near, '{}');
    const asked: unknown[] = [];
    const open: TraceSession['open'] = async (_paths, options) => {
      asked.push(options?.attribution);
      return summary;
    };
    const trace = join(folder, 'a.db');
    const answer = await run(['attribute', trace, '--rules', rules], {
      open,
      attributed: async () => [],
    });
    expect(asked).toEqual([
      {
        rules: [
          { origin: rules, text: '{"names":[]}' },
          { origin: near, text: '{}' },
        ],
      },
    ]);
    expect(answer).toMatchObject({
      code: 0,
      said: `Rules of ${near} decide before the built-in ones.\n`,
    });
    await rm(join(folder, '.layerscope'), { recursive: true });
  });

  it.each([
    ['absent.json', 'cannot be read'],
    ['broken.json', 'are not JSON'],
  ])('refuse rules that are no file of JSON: %s', async (file, why) => {
    const path = join(folder, file);
    const answer = await run(['attribute', 'a.db', '--rules', path]);
    expect(answer.code).toBe(2);
    expect(answer.said).toContain(`The rules '${path}' ${why}`);
  });

  it('say which rules are left out, and go on', async () => {
    const sentence = "own.json: names[0] (x): 'type' must be a layer type.";
    const answer = await run(['attribute', 'a.db'], {
      open: async () => ({
        ...summary,
        attribution: { ...summary.attribution, problems: [{ input: 'rules', sentence }] },
      }),
      attributed: async () => [],
    });
    expect(answer).toMatchObject({ code: 0, said: `Own rules: ${sentence}\n` });
  });
});
