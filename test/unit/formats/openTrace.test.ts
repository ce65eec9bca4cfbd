import {
  linkSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { nodeFileSource } from '../../../src/formats/nodeFileSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import { probeSource } from '../../../src/formats/probe.js';
import { MOST_SQLITE_BYTES } from '../../../src/formats/sqliteDatabase.js';
import type { Progress } from '../../../src/trace/index.js';
import {
  folderState,
  makeDatabase,
  openBytes,
  openFile,
  readers,
  refusalOf,
  sum,
  watched,
} from './reading.js';

const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-open-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('what is no trace is refused with a sentence', () => {
  const sqlite: [what: string, statements: string[], code: string, looksLike: string][] = [
    [
      'an nsys export without its strings',
      ['CREATE TABLE StringIds(id)', 'CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start)'],
      'unsupported',
      'an Nsight Systems export',
    ],
    [
      'a rocpd file',
      ['CREATE TABLE rocpd_metadata_00(tag, value)', 'CREATE TABLE rocpd_kernel_dispatch_00(id)'],
      'unsupported',
      'a rocpd trace (ROCm Systems Profiler, rocprofv3)',
    ],
    [
      'an rpd file',
      ['CREATE TABLE rocpd_op(id)', 'CREATE TABLE rocpd_api(id)'],
      'unsupported',
      'an RPD trace (rocmProfileData)',
    ],
    [
      'Firefox’s places',
      ['CREATE TABLE moz_places(id)'],
      'not-a-trace',
      'a Firefox places database (history and bookmarks)',
    ],
    [
      'a map',
      ['CREATE TABLE tiles(z)', 'CREATE TABLE metadata(n)'],
      'not-a-trace',
      'an MBTiles map',
    ],
    [
      'a database without tables',
      ['PRAGMA user_version = 3'],
      'not-a-trace',
      'an empty SQLite database',
    ],
  ];
  it.each(sqlite)('%s', async (_, statements, code, looksLike) => {
    const error = await refusalOf(openBytes(await makeDatabase(...statements), 'some.db'));
    expect([error.code, error.looksLike]).toEqual([code, looksLike]);
    expect(error.message).toMatch(/^some\.db is /);
    expect(error.message.length).toBeGreaterThan(40);
  });

  it('an unknown database: its first tables, made printable', async () => {
    const tables = Array.from({ length: 9 }, (_, i) => `CREATE TABLE "t${i}\u001b[31m"(a)`);
    const error = await refusalOf(openBytes(await makeDatabase(...tables)));
    expect(error.message).toContain('Its tables: t0\\u001b[31m, t1\\u001b[31m');
    expect(error.message).toContain('and 3 more');
    expect(error.message).not.toContain('\u001b');
    expect(error.tables.length).toBe(9);
  });

  it('an events table that is none: what it lacks', async () => {
    const error = await refusalOf(
      openBytes(await makeDatabase('CREATE TABLE events(id, title, starts_at)')),
    );
    expect(error.code).toBe('not-a-trace');
    expect(error.message).toContain('lacks what a trace needs: timestamp, name and duration_us');
    const view = await refusalOf(
      openBytes(
        await makeDatabase(
          'CREATE TABLE t(a)',
          'CREATE VIEW events AS SELECT a AS timestamp FROM t',
        ),
      ),
    );
    expect(view.code).toBe('not-a-trace');
  });

  const others: [what: string, content: Uint8Array, looksLike: RegExp, sentence: RegExp][] = [
    ['an xz archive', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), /^an xz archive$/, /Unpack/],
    [
      'a Git LFS pointer',
      bytes('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
      /Git LFS pointer/,
      /git lfs pull/,
    ],
    ['a web page', bytes('<!DOCTYPE html><html>'), /^a web page$/, /save the file itself/],
    [
      'a model configuration',
      bytes('{"architectures": ["X"], "model_type": "x"}'),
      /^a model configuration$/,
      /Open the trace/,
    ],
    ['other JSON', bytes('{"a": 1}'), /^JSON, but no trace$/, /PyTorch profiler/],
    ['gzipped JSON', gzipSync('{"a": 1}'), /^JSON, but no trace, gzipped$/, /PyTorch profiler/],
    ['gzipped text', gzipSync('hello'), /^plain text, gzipped$/, /no trace/],
    ['text', bytes('hello, world'), /^plain text$/, /no trace/],
    ['UTF-8 text cut inside a character', bytes('grüß').slice(0, 3), /^plain text$/, /no trace/],
    ['zeros', new Uint8Array(9000), /^nothing but zero bytes$/, /copy the file again/],
    [
      'noise',
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256),
      /binary data/,
      /no trace/,
    ],
  ];
  it.each(others)('%s', async (_, content, looksLike, sentence) => {
    const error = await refusalOf(openBytes(content, 'file.json'));
    expect(error.code).toBe('not-a-trace');
    expect(error.looksLike).toMatch(looksLike);
    expect(error.message).toMatch(sentence);
  });

  it.each([
    ['run.nsys-rep', /Nsight Systems report/, /nsys export --type sqlite/],
    ['run.qdrep', /Nsight Systems report/, /nsys export --type sqlite/],
    ['gemm.ncu-rep', /Nsight Compute report/, /record a timeline/],
    ['run.pftrace', /Perfetto trace in its binary form/, /rocpd/],
  ])('%s of bytes nobody knows is told by its name', async (name, looksLike, sentence) => {
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256);
    const error = await refusalOf(openBytes(noise, name));
    expect(error.looksLike).toMatch(looksLike);
    expect(error.message).toMatch(sentence);
    expect((await refusalOf(openBytes(bytes('hello'), name))).looksLike).toBe('plain text');
  });

  it('a gzipped database that is no trace, and gzip that cannot be unpacked', async () => {
    const db = await makeDatabase('CREATE TABLE moz_places(id)');
    expect((await refusalOf(openBytes(gzipSync(db)))).message).toContain('Firefox');
    const damaged = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff, 0xff);
    expect((await refusalOf(openBytes(damaged))).code).toBe('damaged');
  });

  it('an empty file, a missing one, a folder, a pipe-like thing', async () => {
    const empty = path.join(folder, 'empty.db');
    writeFileSync(empty, '');
    mkdirSync(path.join(folder, 'sub.db'));
    expect((await refusalOf(openFile(empty))).code).toBe('empty');
    const missing = await refusalOf(openFile(path.join(folder, 'no\u202esuch.db')));
    expect(missing.code).toBe('not-found');
    expect(missing.message).toBe('no\\u202esuch.db does not exist.');
    expect((await refusalOf(openFile(path.join(folder, 'sub.db')))).message).toContain('a folder');
    expect((await refusalOf(openFile('/dev/null'))).code).toBe('unreadable');
  });

  it('a file too large for memory, without reading it', async () => {
    const db = await makeDatabase('CREATE TABLE events(timestamp, name, duration_us)');
    const source = watched(bytesSource('/m/large.db', 'large.db', db));
    const large = { ...source, size: MOST_SQLITE_BYTES + 1 };
    const error = await refusalOf(openTrace([large], await readers()));
    expect(error.code).toBe('too-large');
    expect(error.message).toContain('up to 1 GiB');
    expect(source.bytesRead()).toBeLessThan(200_000);
  });
});

describe('a format is told by content', () => {
  it('whatever the name says', async () => {
    const db = await makeDatabase(
      'CREATE TABLE events(timestamp, name, duration_us)',
      "INSERT INTO events VALUES (1, 'k', 2)",
    );
    expect((await openBytes(db, 'trace.json.gz')).format).toBe('flat');
    const kineto = bytes(
      '{"schemaVersion": 1, "traceEvents": [{"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": 1, "dur": 2, "args": {"stream": 7, "device": 0, "correlation": 1}}]}',
    );
    expect((await openBytes(kineto, 'trace.db')).format).toBe('kineto');
    expect((await openBytes(gzipSync(kineto), 'trace.sqlite')).format).toBe('kineto');
  });

  it('by the first 64 KiB, also of gzip cut in the middle', async () => {
    const text = `{"traceEvents": [${'{"ph":"X"},'.repeat(200_000)}`;
    const packed = new Uint8Array(gzipSync(text));
    const probe = await probeSource(bytesSource('/m/x', 'x', packed.slice(0, 2000)));
    expect(probe.gzip).toBe(true);
    expect(new TextDecoder().decode(probe.content.subarray(0, 17))).toBe('{"traceEvents": [');
    expect(probe.content.length).toBeLessThanOrEqual(64 * 1024);
  });
});

describe('rows still in the write-ahead log', () => {
  const expected = (
    JSON.parse(readFileSync('test/fixtures/broken/expected.json', 'utf8')) as {
      files: Record<
        string,
        { rows: number | null; sum_duration_us: number; rows_without_log: number | null }
      >;
    }
  ).files;

  it.each(Object.keys(expected))('%s: SQLite’s rows are read, nothing is written', async (name) => {
    const file = `test/fixtures/broken/${name}`;
    const before = [folderState(file), folderState(`${file}-wal`)];
    const trace = await openFile(file);
    const { rows, sum_duration_us, rows_without_log } = expected[name];
    const codes = trace.report.warnings.map(({ code }) => code);
    if (rows === null) {
      // SQLite itself takes the log of another database and finds both malformed.
      expect(trace.gpu.count).toBe(rows_without_log);
      expect(codes).toEqual(['wal-unreadable']);
    } else {
      expect(trace.gpu.count).toBe(rows);
      expect(sum(trace.gpu.duration)).toBeCloseTo(sum_duration_us * 1000, 3);
      expect(codes).toEqual(rows === rows_without_log ? [] : ['wal-merged']);
    }
    expect([folderState(file), folderState(`${file}-wal`)]).toEqual(before);
  });

  it('a log that is damaged, and one that cannot be looked for, are told', async () => {
    const db = new Uint8Array(readFileSync('test/fixtures/broken/live.db'));
    const log = new Uint8Array(readFileSync('test/fixtures/broken/live.db-wal'));
    log[5] ^= 0xff;
    const damaged = bytesSource('/m/live.db', 'live.db', db, new Map([['-wal', log]]));
    const trace = await openTrace([damaged], await readers());
    expect(trace.gpu.count).toBe(100);
    // Its events begin 1 µs apart and last up to 125: longer than the starts of the first hundred.
    expect(trace.report.warnings.map(({ code }) => code)).toEqual([
      'wal-unreadable',
      'beyond-span',
    ]);
    const { path: at, name, size, read, close } = bytesSource('/m/live.db', 'live.db', db);
    const alone = await openTrace([{ path: at, name, size, read, close }], await readers());
    expect(alone.report.warnings.map(({ code }) => code)).toEqual(['wal-unknown', 'beyond-span']);
  });

  it('a rollback journal beside the file is told', async () => {
    const db = await makeDatabase(
      'CREATE TABLE events(timestamp, name, duration_us)',
      "INSERT INTO events VALUES (1, 'k', 2)",
    );
    const journal = Uint8Array.of(0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0);
    const source = bytesSource('/m/x.db', 'x.db', db, new Map([['-journal', journal]]));
    const trace = await openTrace([source], await readers());
    expect(trace.report.warnings.map(({ code }) => code)).toEqual(['unfinished-write']);
  });
});

describe('opening', () => {
  const db = (rank: number): Promise<Uint8Array> =>
    makeDatabase(
      'CREATE TABLE events(timestamp INTEGER, name TEXT, duration_us REAL, rank INTEGER)',
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 119999)
       INSERT INTO events SELECT 1777334400000000123 + i * 10 + ${rank}, 'k', 1, ${rank} FROM n`,
    );

  it('can be cancelled in the middle', async () => {
    const abort = new AbortController();
    const progress = ({ stage }: Progress): void => {
      if (stage === 'Reading events') {
        abort.abort();
      }
    };
    const source = bytesSource('/m/a.db', 'a.db', await db(0));
    const error = await refusalOf(
      openTrace([source], await readers(), { signal: abort.signal, progress }),
    );
    expect(error.code).toBe('cancelled');
  });

  it('puts several ranks on one clock, and tells progress of the whole', async () => {
    const fractions: number[] = [];
    const trace = await openTrace(
      [
        bytesSource('/m/r1.db', 'r1.db', await db(1)),
        bytesSource('/m/r0.db', 'r0.db', await db(0)),
      ],
      await readers(),
      { progress: ({ fraction }) => fractions.push(fraction ?? -1) },
    );
    expect(trace.gpu.count).toBe(240_000);
    expect(trace.ranks.map(({ rank }) => rank)).toEqual([0, 1]);
    expect(trace.clock.originNs).toBe(1777334400000000123n);
    expect(Array.from(trace.gpu.start.subarray(0, 4))).toEqual([0, 1, 10, 11]);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeGreaterThan(0.5);
  });

  it('refuses the same file twice, and no file', async () => {
    const source = bytesSource('/m/a.db', 'a.db', await db(0));
    expect((await refusalOf(openTrace([source, source], await readers()))).code).toBe(
      'unsupported',
    );
    expect((await refusalOf(openTrace([], await readers()))).code).toBe('not-found');
  });

  it('reads a file in ranges, and fewer bytes only at its end', async () => {
    const file = path.join(folder, 'ranges');
    writeFileSync(file, 'abcdefghij');
    const source = await nodeFileSource(file);
    const text = async (offset: number, length: number): Promise<string> =>
      new TextDecoder().decode(await source.read(offset, length));
    expect(source.size).toBe(10);
    expect([await text(0, 3), await text(8, 5), await text(10, 1), await text(99, 1)]).toEqual([
      'abc',
      'ij',
      '',
      '',
    ]);
    expect(await source.companion?.('-wal')).toBeUndefined();
    await source.close();
  });
});

describe('one file under two names', () => {
  it('is one file: its events are not counted twice', async () => {
    const file = path.join(folder, 'one.json');
    writeFileSync(file, '{"traceEvents":[{"ph":"X","cat":"kernel","name":"k","ts":1,"dur":2}]}');
    symlinkSync(file, path.join(folder, 'link.json'));
    linkSync(file, path.join(folder, 'second.json'));
    for (const other of [
      `${folder}/../${path.basename(folder)}/one.json`,
      'link.json',
      'second.json',
    ]) {
      const name = path.isAbsolute(other) ? other : path.join(folder, other);
      const sources = [await nodeFileSource(file), await nodeFileSource(name)];
      const error = await refusalOf(openTrace(sources, await readers()));
      expect(error.message).toContain('more than once');
      await Promise.all(sources.map((source) => source.close()));
    }
  });
});

describe('JSON that is no UTF-8', () => {
  const json = '{"schemaVersion": 1, "traceEvents": []}';
  const wide = (unit: number, little: boolean): Uint8Array => {
    const out = new DataView(new ArrayBuffer(json.length * unit));
    [...json].forEach((character, i) => {
      const code = character.charCodeAt(0);
      if (unit === 2) {
        out.setUint16(i * 2, code, little);
      } else {
        out.setUint32(i * 4, code, little);
      }
    });
    return new Uint8Array(out.buffer);
  };

  it.each([
    ['UTF-16', wide(2, true)],
    ['UTF-16', wide(2, false)],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, ...wide(2, true))],
    ['UTF-16', Uint8Array.of(0xfe, 0xff, ...wide(2, false))],
    ['UTF-32', wide(4, true)],
    ['UTF-32', wide(4, false)],
    ['UTF-32', Uint8Array.of(0xff, 0xfe, 0, 0, ...wide(4, true))],
  ])('is named: %s', async (encoding, content) => {
    const error = await refusalOf(openBytes(content, 'wide.json'));
    expect(error.message).toContain(`looks like text in ${encoding}`);
    expect(error.message).toContain('save it again as UTF-8');
  });
});
