import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { attribute } from '../../../src/layers/attribute.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import type { AttributionBasis, Trace } from '../../../src/trace/index.js';
import { smallTrace } from '../query/smallTrace.js';
import { openBytes, openFile, refusalOf } from '../formats/reading.js';
import { differences, exported, NO_BASIS, plainLabels } from './exporting.js';

const FORMATS = ['flat', 'ingero', 'kineto', 'nsys', 'rocpd', 'rpd'];
const FIXTURES = FORMATS.flatMap((format) =>
  readdirSync(`test/fixtures/${format}`)
    .filter((name) => /\.(db|rpd|sqlite|json|json\.gz)$/.test(name))
    .map((name) => `${format}/${name}`),
);

/** The trace without what an import does not keep: folders, and where it was read from. */
function kept({ files, ranks, kept: _, report, collectives, ...trace }: Trace): unknown {
  void files;
  // Of use while the clocks of ranks are compared, which the original's were.
  void collectives;
  return {
    ...trace,
    names: trace.names.all(),
    ranks: ranks.map(({ path, ...rank }) => ({ ...rank, file: path.replace(/^.*\//, '') })),
    report: {
      ...report,
      countedByName: report.countedByName ?? [],
      facts: report.facts.filter(({ name }) => name !== 'Imported from'),
    },
  };
}

async function imported(trace: Trace, basis?: AttributionBasis) {
  const labels = trace.kept?.labels ?? plainLabels(attribute(trace));
  const { bytes } = await exported(trace, { to: 'database' }, labels, basis);
  return { bytes, labels, again: await openBytes(bytes, 'out.db') };
}

describe('an import', () => {
  it.each(FIXTURES)('gives back everything of %s', async (file) => {
    const trace = await openFile(`test/fixtures/${file}`);
    const { again, labels } = await imported(trace);
    expect(differences(kept(again), kept(trace))).toEqual([]);
    expect(differences(again.kept?.labels, labels)).toEqual([]);
    expect(again.kept?.basis).toEqual({ ...NO_BASIS, kept: true });
    expect(trace.report.rowsRead + (trace.report.samples?.read ?? 0)).toBeGreaterThan(0);
  });

  it('gives back several ranks, counters, marks, and what no fixture has', async () => {
    const { trace, labels } = smallTrace();
    const whole: Trace = {
      ...trace,
      counters: [
        {
          name: 'SMs Active',
          unit: '%',
          rank: 1,
          device: 1,
          source: 'GPU_METRICS',
          time: Float64Array.of(0, 10, 10.5),
          value: Float64Array.of(1, 0.25, 99.5),
        },
        {
          name: 'Memory',
          unit: '',
          rank: 0,
          device: -1,
          source: '',
          time: Float64Array.of(3e9),
          value: Float64Array.of(-7),
        },
      ],
      markers: [{ time: 5, severity: 'HIGH', title: 'a', text: "b'c", advice: ['d', 'e"'] }],
      report: { ...trace.report, rowsInFile: 14, rowsRead: 14, samples: { inFile: 5, read: 4 } },
    };
    whole.names.intern('with\0 a NUL');
    const { bytes } = await exported(whole, { to: 'database' }, labels);
    const again = await openBytes(bytes, 'out.db');
    expect(differences(kept(again), kept(whole))).toEqual([]);
    expect(differences(again.kept?.labels, plainLabels(labels))).toEqual([]);
  });

  it('of an import is that import', async () => {
    const trace = await openFile('test/fixtures/kineto/plain.pt.trace.json.gz');
    const { bytes, again } = await imported(trace);
    const basis = again.kept?.basis;
    const twice = await imported(again, basis === undefined ? NO_BASIS : { ...basis });
    expect(differences(kept(twice.again), kept(again))).toEqual([]);
    expect(twice.again.kept?.sources).toEqual(again.kept?.sources);
    const same = await imported(trace);
    expect(Buffer.from(same.bytes).equals(Buffer.from(bytes))).toBe(true);
  });

  it('keeps no folder of a file', async () => {
    const path = '/home/alice/secret project/trace.json';
    const { trace, labels } = smallTrace();
    const private_: Trace = {
      ...trace,
      files: [
        { path, name: 'trace.json', bytes: 1 },
        { path: '/home/alice/secret project/b/trace.json', name: 'trace.json', bytes: 1 },
      ],
      ranks: trace.ranks.map((rank) => ({ ...rank, label: `${rank.label} (${path})`, path })),
      report: {
        ...trace.report,
        warnings: [{ code: 'x', message: `${path}: odd`, rows: 0 }],
      },
    };
    const { bytes } = await exported(private_, { to: 'database' }, labels, {
      model: { family: 'f', layers: 1, path: '/home/alice/m.json', found: false, notes: [] },
      companion: ['c.json'],
      rules: ['/home/alice/.layerscope/layers.json'],
      problems: [{ input: 'rules', sentence: '/home/alice/.layerscope/layers.json is bad' }],
    });
    expect(Buffer.from(bytes).includes('alice')).toBe(false);
    const again = await openBytes(bytes, 'out.db');
    expect(again.kept?.sources.map(({ name }) => name)).toEqual(['trace.json', 'b/trace.json']);
    expect(again.report.warnings[0].message).toBe('trace.json: odd');
    expect(again.kept?.basis).toMatchObject({
      model: { path: 'm.json' },
      rules: ['layers.json'],
      problems: [{ sentence: 'layers.json is bad' }],
    });
  });

  it('tells its layers anew beside another import, and says so', async () => {
    const [a, b] = await Promise.all(
      [0, 1].map((rank) => openFile(`test/fixtures/kineto/two-ranks.rank${rank}.pt.trace.json.gz`)),
    );
    const traces = [(await imported(a)).again, (await imported(b)).again];
    const merged = mergeRanks(traces);
    expect(merged.kept).toBeUndefined();
    expect(merged.report.warnings.map(({ code }) => code)).toContain('labels-not-kept');
  });
});

describe('imports of file version 1', () => {
  it.each([
    ['pytorch_1.db', 'kineto/backward.stack.pt.trace.json.gz'],
    ['ingero_1.db', 'ingero/two_ranks_0.9.db'],
  ])('%s is still the trace it was', async (file, original) => {
    const trace = await openFile(`test/fixtures/${original}`);
    const again = await openFile(`test/fixtures/layerscope/${file}`);
    // The labels are those of the rules of their time, and so are the module paths among the names.
    const own = { ...again, names: trace.names };
    expect(again.names.all().slice(0, trace.names.size)).toEqual(trace.names.all());
    expect(differences(kept(own), kept(trace))).toEqual([]);
    expect(again.kept?.sources.map(({ name }) => `/${name}`)).toEqual([
      original.replace(/^.*\//, '/'),
    ]);
    expect(again.kept?.labels.type.length).toBe(trace.gpu.count || trace.launches.count);
  });
});

describe('the tables and views of an import', () => {
  it('answer plain SQL as the columns do', async () => {
    const trace = await openFile('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
    const { bytes, labels } = await imported(trace);
    const engine = openSqlJs(await loadNodeSqlJs(), bytes);
    const rows = (sql: string) => engine.query(sql).rows;
    const total = trace.gpu.duration.reduce((sum, ns) => sum + ns, 0);
    expect(rows('SELECT count(*), sum(duration_ns) FROM calls')).toEqual([
      [trace.gpu.count, total],
    ]);
    const mamba = labels.type.reduce(
      (sum, type, i) => sum + (type === 1 ? trace.gpu.duration[i] : 0),
      0,
    );
    expect(mamba).toBeGreaterThan(0);
    expect(rows("SELECT sum(duration_ns) FROM calls WHERE layer_type = 'mamba'")).toEqual([
      [mamba],
    ]);
    expect(rows('SELECT count(*) FROM ranges')).toEqual([[trace.ranges.count]]);
    expect(rows('SELECT typeof(start), count(*) FROM gpu GROUP BY 1')).toEqual([
      ['integer', trace.gpu.count],
    ]);
    expect(rows('PRAGMA application_id')).toEqual([[0x4c795363]]);
    expect(rows("SELECT CAST(value AS TEXT) FROM meta WHERE key = 'origin_ns'")).toEqual([
      [String(trace.clock.originNs)],
    ]);
    for (const { name } of engine.tables().filter(({ type }) => type === 'view')) {
      expect(engine.columnsOf(name).length, name).toBeGreaterThan(0);
      engine.query(`SELECT * FROM ${name} LIMIT 1`);
    }
    expect(rows('PRAGMA integrity_check')).toEqual([['ok']]);
    engine.close();
  });
});

describe('a file that says it is an import', () => {
  async function changed(...statements: string[]): Promise<Uint8Array> {
    const { trace, labels } = smallTrace();
    const { bytes } = await exported(trace, { to: 'database' }, labels);
    const { Database } = await loadNodeSqlJs();
    const db = new Database(bytes);
    statements.forEach((sql) => db.run(sql));
    const out = (db as unknown as { export(): Uint8Array }).export();
    db.close();
    return out;
  }

  it('of a newer version is refused with what to do', async () => {
    const error = await refusalOf(openBytes(await changed('PRAGMA user_version = 2'), 'out.db'));
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain('a newer Layerscope (file version 2; this one reads 1)');
  });

  it('without a table it needs is refused', async () => {
    const error = await refusalOf(openBytes(await changed('DROP TABLE lane'), 'out.db'));
    expect(error.message).toContain('lacks lane');
  });

  it('without a table it can do without says so', async () => {
    const trace = await openBytes(await changed('DROP TABLE fact'), 'out.db');
    expect(trace.report.warnings.map(({ message }) => message)).toContain(
      'The table fact is missing.',
    );
  });

  it('counts rows it cannot use, and values that point nowhere', async () => {
    const before = await openBytes(await changed(), 'out.db');
    const trace = await openBytes(
      await changed(
        'UPDATE gpu SET lane = 99 WHERE id = 1',
        'UPDATE gpu SET launch = 77, layer_type = 500, name = name WHERE id = 0',
        "UPDATE gpu SET start = 'soon' WHERE id = 2",
      ),
      'out.db',
    );
    expect(trace.gpu.count).toBe(before.gpu.count - 2);
    expect(trace.gpu.launch[0]).toBe(-1);
    expect(trace.kept?.labels.type[0]).toBe(0);
    expect(trace.report.rowsInFile).toBe(before.report.rowsInFile);
    expect(trace.report.skipped).toContainEqual({
      reason: 'rows of the import that cannot be read',
      rows: 2,
    });
    expect(trace.report.warnings.find(({ code }) => code === 'dangling-values')?.rows).toBe(2);
  });

  it('keeps links right where rows are missing before them', async () => {
    const before = await openBytes(await changed(), 'out.db');
    const trace = await openBytes(await changed('DELETE FROM launch WHERE id = 0'), 'out.db');
    const names = (of: Trace) =>
      [...of.gpu.launch].map((launch) =>
        launch < 0 ? '' : of.names.get(of.launches.name[launch]) + of.launches.start[launch],
      );
    const lost = before.gpu.launch.indexOf(0);
    expect(names(trace)).toEqual(names(before).map((name, i) => (i === lost ? '' : name)));
  });

  it('opens ranges that lie within themselves', async () => {
    const trace = await openBytes(await changed('UPDATE range SET parent = id'), 'out.db');
    expect([...trace.ranges.parent].every((parent) => parent === -1)).toBe(true);
  });
});

describe('docs/import.md', () => {
  it('names every table, column and key', async () => {
    const text = readFileSync('docs/import.md', 'utf8');
    const { trace, labels } = smallTrace();
    const { bytes } = await exported(trace, { to: 'database' }, labels);
    const engine = openSqlJs(await loadNodeSqlJs(), bytes);
    const words = engine
      .tables()
      .flatMap(({ name, type }) => [name, ...(type === 'table' ? engine.columnsOf(name) : [])]);
    const keys = engine.query('SELECT key FROM meta').rows.map(([key]) => String(key));
    const own = new Set([
      'id',
      'reason',
      'rows',
      'code',
      'message',
      'what',
      'source',
      'trace_table',
    ]);
    const unsaid = [...new Set([...words, ...keys])].filter(
      (word) => !text.includes(`\`${word}\``) && !own.has(word) && !/^(grid|block)_/.test(word),
    );
    expect(unsaid).toEqual([]);
    engine.close();
  });
});
