import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { fileMicros } from '../../../src/analysis/fileTime.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { attribute } from '../../../src/layers/attribute.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import type { AttributionBasis, LayerLabels, Trace } from '../../../src/trace/index.js';
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
function kept({ files, ranks, kept: _, report, ...trace }: Trace): unknown {
  void files;
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
});

/** Of a rank of a real run the beginning, and the collectives to its end: so many tell its clock. */
async function openPart(rank: number): Promise<Trace> {
  const name = `nemotron_h_ep2.rank${rank}.pt.trace.json`;
  const whole = JSON.parse(gunzipSync(readFileSync(`samples/${name}.gz`)).toString('utf8')) as {
    traceEvents: readonly { ts?: number; args?: Readonly<Record<string, unknown>> }[];
  };
  const times = whole.traceEvents.flatMap(({ ts }) => ts ?? []);
  const early = Math.min(...times) + 0.03 * (Math.max(...times) - Math.min(...times));
  const traceEvents = whole.traceEvents.filter(
    ({ ts = 0, args }) => ts < early || args?.['Collective name'] !== undefined,
  );
  return openBytes(Buffer.from(JSON.stringify({ ...whole, traceEvents })), name);
}

/** Every GPU event with its rank, its time as in the file, and its label, whatever their ids. */
function labelled(trace: Trace, labels: LayerLabels): string[] {
  const { gpu, names, lanes, ranks } = trace;
  return Array.from({ length: gpu.count }, (_, i) => {
    const step = labels.steps.at(labels.step[i] < 0 ? labels.steps.length : labels.step[i]);
    return JSON.stringify([
      ranks[lanes[gpu.lane[i]].rank].label,
      fileMicros(trace, gpu.start[i], lanes[gpu.lane[i]].rank),
      names.get(gpu.name[i]),
      ...[labels.type[i], labels.index[i], names.get(labels.module[i]), labels.method[i]],
      labels.rules[labels.rule[i]],
      step && [step.label, step.start + Number(trace.clock.originNs % 10n ** 12n), step.number],
    ]);
  }).sort();
}

describe('imports opened together', () => {
  const SMALL = [0, 1].map((rank) => `test/fixtures/kineto/two-ranks.rank${rank}.pt.trace.json.gz`);
  const clocksOf = (trace: Trace) =>
    trace.ranks.map(({ rank, worldSize, label, clock }) => ({ rank, worldSize, label, clock }));

  const importOf = async (...traces: Trace[]): Promise<Trace> =>
    (await imported(mergeRanks(traces))).again;

  /** Two ranks of a real run, and a third one, on a host whose clock is 3.2 ms ahead. */
  let [a, b, c]: Trace[] = [];
  let [ofA, ofB, ofC]: Trace[] = [];
  beforeAll(async () => {
    const [first, second, third] = await Promise.all([0, 1, 1].map(openPart));
    const clock = { ...third.clock, originNs: third.clock.originNs + 3_200_000n };
    const ranks = [{ ...third.ranks[0], rank: 2, label: 'rank 2' }];
    [a, b, c] = [first, second, { ...third, clock, ranks }];
    [ofA, ofB, ofC] = [await importOf(a), await importOf(b), await importOf(c)];
  });

  it('are the ranks, the clocks and the labels of their originals', async () => {
    const original = mergeRanks([a, b, c]);
    const labels = attribute(original);
    const clocks = clocksOf(original);
    expect(clocks.map(({ rank }) => rank)).toEqual([0, 1, 2]);
    expect(clocks[1].clock?.skewNs).not.toBeNull();
    expect(clocks[2].clock?.shiftNs).toBeLessThan(-3_000_000);
    const rows = labelled(original, labels);
    expect(new Set(labels.type).size).toBeGreaterThan(5);
    expect(labels.steps.length).toBeGreaterThan(0);
    for (const together of [
      mergeRanks([ofA, ofB, ofC]),
      mergeRanks([ofB, await importOf(a, c)]), // the one between the two of the other
      await importOf(ofA, ofB, ofC),
    ]) {
      expect(clocksOf(together)).toEqual(clocks);
      expect(together.clock).toEqual(original.clock);
      expect(together.spanNs).toBe(original.spanNs);
      expect(together.kept?.basis).toEqual({ ...NO_BASIS, kept: true });
      expect(labelled(together, together.kept?.labels ?? labels)).toEqual(rows);
      expect(together.report.warnings.map(({ code }) => code)).not.toContain('labels-not-kept');
      expect(together.kept?.sources).toHaveLength(3);
    }
  });

  it('have their clocks by way of each other where they were compared before', async () => {
    const original = mergeRanks([a, b, c]).ranks;
    const together = mergeRanks([await importOf(b, c), ofA]).ranks;
    expect(together.map(({ rank }) => rank)).toEqual([0, 1, 2]);
    const { clock } = together[2];
    expect(clock).toMatchObject({ against: 'rank 1' });
    const difference = Math.abs((clock?.skewNs ?? NaN) - (original[2].clock?.skewNs ?? NaN));
    expect(difference).toBeLessThanOrEqual(clock?.spreadNs ?? 0);
    expect(Math.abs((clock?.shiftNs ?? 0) + 3_200_000)).toBeLessThan(10_000);
  });

  it('are moved together, and say so, where their file is', async () => {
    const late = (part: Trace): Trace => ({
      ...part,
      clock: { ...part.clock, originNs: part.clock.originNs + 50_000_000n },
    });
    const together = mergeRanks([ofA, await importOf(late(b), late(c))]);
    const [, second, third] = together.ranks.map(({ clock }) => clock);
    expect(second?.note).toContain('Taken off its times: 50');
    expect(third?.note).toMatch(
      /Then 50(\.\d)? ms taken off the times of all ranks of its file\.$/,
    );
    expect((third?.shiftNs ?? 0) - (second?.shiftNs ?? 0)).toBeLessThan(-3_100_000);
    // As the file states it, whatever it was moved by.
    const first = together.gpu.lane.findIndex((lane) => together.lanes[lane].rank === 2);
    expect(fileMicros(together, together.gpu.start[first], 2)).toBe(
      fileMicros(late(c), c.gpu.start[0], 0),
    );
  });

  it('of files that state the same rank keep their names, once', async () => {
    const [a, b] = await Promise.all(SMALL.map(openFile));
    const as = (trace: Trace, name: string): Trace => ({
      ...trace,
      files: [{ ...trace.files[0], path: `/runs/${name}`, name }],
      ranks: [{ ...trace.ranks[0], path: `/runs/${name}` }],
    });
    const two = await importOf(as(a, 'first.json'), as(a, 'second.json'));
    const together = mergeRanks([two, await importOf(as(b, 'third.json'))]);
    expect(together.ranks.map(({ label }) => label)).toEqual([
      'rank 0 (first.json)',
      'rank 0 (second.json)',
      'rank 1',
    ]);
  });

  it('of a run that was recorded twice keep when each rank was, wherever they come to lie', async () => {
    const [a, b] = await Promise.all(SMALL.map(openFile));
    const later = (trace: Trace, ns: bigint): Trace => ({
      ...trace,
      clock: { ...trace.clock, originNs: trace.clock.originNs + ns },
    });
    const minute = 60_000_000_000n;
    const twice = mergeRanks([a, later(a, minute)]);
    const times = (trace: Trace) =>
      trace.ranks.map(({ recorded }) =>
        recorded === undefined
          ? 'all'
          : [recorded.start, recorded.end].map((ns) => trace.clock.originNs + BigInt(ns)),
      );
    expect(times(twice)).toHaveLength(2);
    const [first, second] = times(twice);
    // Beside an earlier one all of it is shifted.
    const together = mergeRanks([await importOf(a, later(a, minute)), later(b, -minute)]);
    expect(together.clock.originNs).toBeLessThan(twice.clock.originNs);
    expect(times(together)).toEqual([first, second, 'all']);
  });

  it('tell their layers anew where those cannot stand, and say why', async () => {
    const [a, b] = await Promise.all(SMALL.map(openFile));
    const one = await importOf(a);
    const model = { family: 'f', layers: 3, path: 'm.json', found: false, notes: [] };
    const other = (await imported(b, { ...NO_BASIS, model })).again;
    const why = (...traces: Trace[]) => {
      const merged = mergeRanks(traces);
      expect(merged.kept).toBeUndefined();
      return merged.report.warnings.find(({ code }) => code === 'labels-not-kept')?.message;
    };
    expect(why(one, b)).toContain('the layers of all are told anew');
    expect(why(one, other)).toContain('different models (none, f of 3 layers)');
    const rows = labelled(mergeRanks([a, b]), attribute(mergeRanks([a, b])));
    // Told anew they are what the originals say: an import lacks nothing they are told by.
    expect(labelled(mergeRanks([one, b]), attribute(mergeRanks([one, b])))).toEqual(rows);
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
    expect(again.collectives).toBeUndefined(); // revision 1 does not keep them
    const { collectives: _, ...kept1 } = trace;
    void _;
    const own = { ...again, names: trace.names };
    expect(again.names.all().slice(0, trace.names.size)).toEqual(trace.names.all());
    expect(differences(kept(own), kept(kept1))).toEqual([]);
    expect(again.kept?.sources.map(({ name }) => `/${name}`)).toEqual([
      original.replace(/^.*\//, '/'),
    ]);
    expect(again.kept?.labels.type.length).toBe(trace.gpu.count || trace.launches.count);
  });
});

describe('an import of file version 1, revision 2', () => {
  it('is still the ranks it was of, with their process groups', async () => {
    const originals = [0, 1].map((rank) => `two-ranks.rank${rank}.pt.trace.json.gz`);
    const trace = mergeRanks(
      await Promise.all(originals.map((name) => openFile(`test/fixtures/kineto/${name}`))),
    );
    const again = await openFile('test/fixtures/layerscope/ranks_2.db');
    expect(again.collectives?.count).toBe(6);
    expect(differences(kept({ ...again, names: trace.names }), kept(trace))).toEqual([]);
    expect(again.kept?.sources.map(({ name }) => name)).toEqual(originals);
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

  it('knows a table of communication that is lost from one that never was, and counts what is odd in it', async () => {
    const lost = await openBytes(await changed('DROP TABLE communication'), 'out.db');
    const words = (of: Trace) => of.report.warnings.map(({ message }) => message);
    expect(words(lost)).toContain('The table communication is missing.');
    const old = await openBytes(
      await changed('DROP TABLE communication', "DELETE FROM meta WHERE key = 'format_revision'"),
      'out.db',
    );
    expect(words(old)).toEqual([]);
    expect(old.report.missing.join()).toContain('process groups of collectives');
    expect(lost.report.missing.join()).not.toContain('process groups');
    const odd = await openBytes(
      await changed(
        'INSERT INTO communication (gpu, process_group, sent, received) VALUES (1, 99999, 4, -3), (1, 0, 1, 1), (77777, 0, 1, 1)',
      ),
      'out.db',
    );
    expect(odd.collectives).toEqual({
      count: 1,
      gpu: Uint32Array.of(1),
      group: Uint32Array.of(0),
      sent: Float64Array.of(4),
      received: Float64Array.of(NaN),
    });
    expect(odd.report.warnings.find(({ code }) => code === 'dangling-values')?.rows).toBe(3);
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

  it('leaves counters out whose samples are lost, and says so', async () => {
    const { bytes: whole } = await imported(
      await openFile('test/fixtures/nsys/metrics_3.25.sqlite'),
    );
    const { Database } = await loadNodeSqlJs();
    const db = new Database(whole);
    db.run('DELETE FROM counter_sample WHERE counter = 0');
    const bytes = (db as unknown as { export(): Uint8Array }).export();
    db.close();
    const [before, trace] = [await openBytes(whole, 'a.db'), await openBytes(bytes, 'b.db')];
    expect(before.counters.length).toBeGreaterThan(1);
    expect(trace.counters).toEqual(before.counters.slice(1));
    expect(trace.report.warnings.map(({ message }) => message)).toContain(
      'Counters without a sample that can be read are left out (1).',
    );
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
