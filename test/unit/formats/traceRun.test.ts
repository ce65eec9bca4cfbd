import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeFileSource } from '../../../src/formats/nodeFileSource.js';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openRun } from '../../../src/formats/openTrace.js';
import type { RankChoice } from '../../../src/formats/ranks/rankChoice.js';
import type { RunInput } from '../../../src/formats/ranks/traceRun.js';
import type { FormatReader, TraceSource } from '../../../src/formats/reader.js';
import type { Trace } from '../../../src/trace/index.js';
import { differences } from '../exchange/exporting.js';
import { makeDatabase, readers, refusalOf } from './reading.js';

const RANKS = 128;
const PROBE = 64 * 1024;
const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const template = gunzipSync(
  readFileSync('test/fixtures/kineto/two-ranks.rank0.pt.trace.json.gz'),
).toString('utf8');

/** The fixture as the recording of another rank. */
function asRank(rank: number, worldSize = RANKS): string {
  const stated = /("rank":\s*)0(,\s*"world_size":\s*)2/;
  if (!stated.test(template)) {
    throw new Error('the fixture states its rank in another way');
  }
  return template.replace(stated, `$1${rank}$2${worldSize}`);
}

let formats: readonly FormatReader[];
beforeAll(async () => {
  formats = await readers();
});

/** Inputs over files that count the bytes read of each, and how many are open at once. */
function counting(files: readonly string[], named = true) {
  const bytes = new Map<string, number>();
  let openNow = 0;
  let mostOpen = 0;
  const open = async (file: string): Promise<TraceSource> => {
    const source = await nodeFileSource(file);
    openNow++;
    mostOpen = Math.max(mostOpen, openNow);
    return {
      ...source,
      read: async (offset, length) => {
        const got = await source.read(offset, length);
        bytes.set(file, (bytes.get(file) ?? 0) + got.length);
        return got;
      },
      close: async () => {
        openNow--;
        await source.close();
      },
    };
  };
  const inputs = files.map((file): RunInput => ({
    path: file,
    name: path.basename(file),
    named,
    open: () => open(file),
  }));
  const total = (): number => [...bytes.values()].reduce((sum, n) => sum + n, 0);
  return { inputs, bytes, total, mostOpen: () => mostOpen, openNow: () => openNow };
}

const few: RankChoice = { kind: 'few' };
const numbersOf = (trace: Trace): number[] => trace.ranks.map(({ rank }) => rank);
const loadedOf = (trace: Trace): number[] =>
  (trace.run ?? []).filter(({ loaded }) => loaded).map(({ rank }) => rank);
const paths = (trace: Trace, ranks: readonly number[]): RankChoice => ({
  kind: 'paths',
  paths: (trace.run ?? []).flatMap((file) => (ranks.includes(file.rank) ? file.path : [])),
});

describe('a run of 128 ranks', () => {
  const run = path.join(folder, 'run');
  let files: string[];
  beforeAll(() => {
    mkdirSync(run);
    // Names that say nothing of ranks, in another order than they have: only the content tells.
    files = Array.from({ length: RANKS }, (_, i) => {
      const file = path.join(run, `host_${(7919 * (i + 1)) % 10_007}.json`);
      writeFileSync(file, asRank(i));
      return file;
    });
    files.sort();
  });

  it('opens by reading eight, and of the others no more than tells their rank', async () => {
    const count = counting(files);
    const before = process.memoryUsage().arrayBuffers;
    const began = performance.now();
    const { trace } = await openRun(count.inputs, formats, few);
    const took = performance.now() - began;
    expect(trace.run).toHaveLength(RANKS);
    expect(trace.run?.map(({ rank }) => rank)).toEqual([...Array(RANKS).keys()]);
    expect(loadedOf(trace)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(numbersOf(trace)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const size = statSync(files[0]).size;
    expect(size).toBeGreaterThan(3 * PROBE); // else the bounds below say nothing
    const loaded = new Set(trace.files.map((file) => file.path));
    for (const file of files) {
      const most = loaded.has(file) ? statSync(file).size + 2 * PROBE : PROBE;
      expect(count.bytes.get(file)).toBeLessThanOrEqual(most);
    }
    expect(count.mostOpen()).toBe(1);
    expect(count.openNow()).toBe(0);
    // Nothing was collected on the way, perhaps; even so it is less than the files have.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(RANKS * size * 0.75);
    expect(took).toBeLessThan(10_000);
  });

  it('reads only what is new when the choice changes, and again what was let go', async () => {
    const count = counting(files);
    const { run, trace } = await openRun(count.inputs, formats, {
      kind: 'numbers',
      numbers: [3, 100],
    });
    expect(numbersOf(trace)).toEqual([3, 100]);
    const opened = count.total();
    count.bytes.clear();

    const wider = await run.load(paths(trace, [3, 100, 41]));
    expect(numbersOf(wider)).toEqual([3, 41, 100]);
    const [read] = count.bytes.keys();
    expect([...count.bytes.keys()]).toEqual([wider.run?.find(({ rank }) => rank === 41)?.path]);
    expect(count.total()).toBeLessThan(statSync(read).size + 2 * PROBE);
    expect(count.total()).toBeLessThan(opened);
    count.bytes.clear();

    const narrower = await run.load(paths(trace, [41]));
    expect([numbersOf(narrower), count.total()]).toEqual([[41], 0]);
    expect(narrower.gpu.count).toBe(wider.gpu.count / 3);
    const again = await run.load(paths(trace, [41, 3]));
    expect(numbersOf(again)).toEqual([3, 41]);
    expect(count.bytes.size).toBe(1);
    // What was taken out of a wider choice and what was read just now are as after opening anew.
    const anew = await openRun(counting(files).inputs, formats, paths(trace, [3, 41]));
    expect(differences(again, anew.trace)).toEqual([]);
    const alone = await openRun(counting(files).inputs, formats, paths(trace, [41]));
    expect(differences(narrower, alone.trace)).toEqual([]);
  });

  it('keeps what is loaded where a choice cannot be read, and two choices do not mix', async () => {
    const { run, trace } = await openRun(counting(files).inputs, formats, few);
    const wrong: RankChoice = { kind: 'numbers', numbers: [500] };
    expect((await refusalOf(run.load(wrong))).code).toBe('not-found');
    expect((await run.load(few)).gpu).toBe(trace.gpu);
    // The narrow one is done first, and lets go what the wide one had counted on.
    const [wide, narrow] = await Promise.all([
      run.load(paths(trace, [0, 1, 2, 50])),
      run.load(paths(trace, [7])),
    ]);
    expect([numbersOf(wide), numbersOf(narrow)]).toEqual([[0, 1, 2, 50], [7]]);
  });

  it('takes the file that was clicked, wherever it stands, and all where that is wanted', async () => {
    const clicked = files[77];
    const { run, trace } = await openRun(counting(files).inputs, formats, {
      kind: 'few',
      first: clicked,
    });
    expect(trace.files.map((file) => file.path)).toContain(clicked);
    expect(trace.files).toHaveLength(8);
    const all = await run.load({ kind: 'all' });
    expect(all.gpu.count).toBe((trace.gpu.count / 8) * RANKS);
    expect(all.run?.every(({ loaded }) => loaded)).toBe(true);
  });

  it('names the ranks there are where another one is wanted', async () => {
    const wanted: RankChoice = { kind: 'numbers', numbers: [5, 128] };
    const error = await refusalOf(openRun(counting(files).inputs, formats, wanted));
    expect(error.message).toBe('There is no rank 128 here: the ranks are 0-127.');
  });

  it('is opened out of a tar in ranges: nothing else of it is read', async () => {
    const tar = path.join(folder, 'run.tar');
    writeFileSync(
      tar,
      createTar(
        files.map((file) => ({ name: `run/${path.basename(file)}`, data: readFileSync(file) })),
      ),
    );
    const count = counting([tar]);
    const { run, trace } = await openRun(count.inputs, formats, { kind: 'numbers', numbers: [9] });
    const size = statSync(files[0]).size;
    expect(trace.run).toHaveLength(RANKS);
    expect(trace.ranks[0]).toMatchObject({ rank: 9, worldSize: RANKS });
    expect(count.total()).toBeLessThan(size + RANKS * (PROBE + 1024) + 3 * PROBE);
    count.bytes.clear();
    await run.load(paths(trace, [9, 10]));
    expect(count.total()).toBeLessThan(size + 3 * PROBE);
    expect(count.openNow()).toBe(0);
  });

  it('is opened out of a packed tar', async () => {
    const tar = path.join(folder, 'run.tgz');
    const some = files.slice(0, 12);
    const packed = gzipSync(
      createTar(some.map((file) => ({ name: path.basename(file), data: readFileSync(file) }))),
    );
    writeFileSync(tar, packed);
    const { run, trace } = await openRun(counting([tar]).inputs, formats, few);
    expect(trace.run).toHaveLength(12);
    expect(loadedOf(trace)).toHaveLength(8);
    const all = await run.load({ kind: 'all' });
    expect(all.gpu.count).toBe((trace.gpu.count / 8) * 12);
  });
});

describe('the rank of a file, without reading it', () => {
  const listed = async (texts: Record<string, string | Uint8Array>, choice: RankChoice = few) => {
    const inputs = Object.entries(texts).map(([name, text]): RunInput => ({
      path: `/m/${name}`,
      name,
      named: true,
      open: async () =>
        bytesSource(
          `/m/${name}`,
          name,
          typeof text === 'string' ? new TextEncoder().encode(text) : text,
        ),
    }));
    const { trace } = await openRun(inputs, formats, choice);
    return trace.run?.map(({ rank, label, loaded }) => [rank, label, loaded]);
  };
  const event = '{"ph":"X","cat":"kernel","name":"k","ts":1,"dur":1,"pid":0,"tid":1}';
  const filler = `${`${event},`.repeat(3000)}${event}`;
  const first: RankChoice = { kind: 'paths', paths: ['/m/a.json'] };

  it('stands before the events, or behind them in a file that is not packed', async () => {
    const behind = (rank: number): string =>
      `{"schemaVersion":1,"traceEvents":[${filler}],"distributedInfo":{"backend":"nccl","rank":${rank},"world_size":9}}`;
    const found = await listed(
      { 'a.json': behind(4), 'b.json': behind(2), 'c.json.gz': gzipSync(behind(6)) },
      first,
    );
    // The packed one states it behind 200 kB of events: unread it is known by its name.
    expect(found).toEqual([
      [2, 'rank 2', false],
      [4, 'rank 4', true],
      [-1, 'c.json.gz', false],
    ]);
  });

  it('is read past a list of groups longer than what is looked at, and not out of an event', async () => {
    const groups = `"pg_config":[${'{"ranks":[1,2,3]},'.repeat(10_000)}{}]`;
    const long = `{"schemaVersion":1,"distributedInfo":{"backend":"nccl","rank":34,"world_size":300,${groups}},"traceEvents":[${event}]}`;
    const bait = `{"schemaVersion":1,"traceEvents":[{"ph":"X","cat":"kernel","name":"\\"distributedInfo\\": {\\"rank\\": 7}","ts":1,"dur":1},${event}]}`;
    expect(await listed({ 'a.json': bait, 'b.json': long }, first)).toEqual([
      [34, 'rank 34', false],
      [-1, 'a.json', true],
    ]);
  });

  it('comes from the name where the file states none', async () => {
    const plain = `{"traceEvents":[${event}]}`;
    const names = ['node4711.2.json', 'node4690.0.json', 'node4801.1.json'];
    const found = await listed(Object.fromEntries(names.map((name) => [name, plain])));
    expect(found?.map(([rank]) => rank)).toEqual([0, 1, 2]);
    // One of many numbers that may be anything: two process ids.
    expect(await listed({ 'p_901.json': plain, 'p_902.json': plain })).toEqual([
      [-1, 'p_901.json', true],
      [-1, 'p_902.json', true],
    ]);
    expect(await listed({ 'x.rank12.json': plain, 'x-rank-3.json': plain })).toEqual([
      [3, 'rank 3', true],
      [12, 'rank 12', true],
    ]);
  });

  it('of a database is what its first and last row say; several ranks are none', async () => {
    const table = (...ranks: number[]) =>
      makeDatabase(
        'CREATE TABLE events(timestamp INTEGER, name TEXT, duration_us REAL, rank INTEGER, world_size INTEGER)',
        ...ranks.map((rank, i) => `INSERT INTO events VALUES (${i}, 'k', 1, ${rank}, 64)`),
      );
    const found = await listed(
      {
        'a.db': await table(40_000, 40_000),
        'b.db': await table(3, 3, 3),
        'c.db': await table(0, 5),
      },
      { kind: 'paths', paths: ['/m/a.db'] },
    );
    expect(found).toEqual([
      [3, 'rank 3', false],
      [40_000, 'rank 40000', true],
      [-1, 'c.db', false],
    ]);
  });
});

describe('what lies beside a run', () => {
  it('is left out and said where nobody named it, and an error where somebody did', async () => {
    const place = path.join(folder, 'mixed');
    mkdirSync(place);
    const write = (name: string, bytes: string | Uint8Array): string => {
      writeFileSync(path.join(place, name), bytes);
      return path.join(place, name);
    };
    const files = [
      write('rank0.json', asRank(0, 2)),
      write('rank1.json', asRank(1, 2)),
      write('rank2.json', ''),
      write('tsconfig.json', '{"compilerOptions": {}}'),
      write(
        'other.db',
        await makeDatabase('CREATE TABLE events(timestamp INTEGER, name TEXT, duration_us REAL)'),
      ),
    ];
    const { trace } = await openRun(counting(files, false).inputs, formats, few);
    expect(numbersOf(trace)).toEqual([0, 1]);
    const [warning] = trace.report.warnings;
    expect(warning.code).toBe('left-out-files');
    expect(warning.message).toContain('3 files beside the trace are no part of it');
    expect(warning.message).toContain('rank2.json is empty');
    expect(warning.message).toContain('other.db is of another format');
    const error = await refusalOf(openRun(counting(files, true).inputs, formats, few));
    expect(error.code).toBe('empty');
  });

  it('costs only itself where one rank of a folder is damaged', async () => {
    const place = path.join(folder, 'damaged');
    mkdirSync(place);
    const files = [0, 1, 2].map((rank) => {
      const file = path.join(place, `rank${rank}.json.gz`);
      const packed = gzipSync(asRank(rank, 3));
      packed[packed.length >> 1] ^= rank === 1 ? 0xff : 0;
      writeFileSync(file, packed);
      return file;
    });
    const { run, trace } = await openRun(counting(files, false).inputs, formats, few);
    expect(numbersOf(trace)).toEqual([0, 2]);
    expect(trace.report.warnings[0].message).toContain('Bytes of this gzip file have changed');
    expect((await refusalOf(run.load({ kind: 'numbers', numbers: [1] }))).code).toBe('damaged');
  });
});
