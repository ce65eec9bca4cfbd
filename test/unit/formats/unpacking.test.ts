import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import type { TraceSource } from '../../../src/formats/reader.js';
import { allowanceBySize, UnpackAllowance } from '../../../src/formats/unpackAllowance.js';
import { createNodeSession } from '../../../src/session/nodeSession.js';
import { sentenceProblems } from '../../fuzz/soundness.js';
import {
  folderState,
  openBytes,
  openFile,
  plainSql,
  readers,
  refusalOf,
  watched,
} from './reading.js';

const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-unpacking-'));
afterAll(() => rmSync(folder, { recursive: true }));

const event = (ts: number): string =>
  `{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":${ts},"dur":2,"args":{"stream":7,"device":0}}`;
/** Two events with `spaces` bytes of nothing between them. */
const spaced = (spaces: number): Buffer =>
  Buffer.from(`{"traceEvents":[${event(1)},${' '.repeat(spaces)}${event(9)}]}`);
const MIB = 2 ** 20;

const open = async (source: TraceSource, limit?: number) =>
  openTrace([source], await readers(), {
    unpacking: limit === undefined ? allowanceBySize(source) : new UnpackAllowance(limit),
  });

describe('a packed database', () => {
  const HEAD = 64 * 1024;
  const stored = (bytes: Uint8Array): Buffer => gzipSync(bytes, { level: 0 });
  const small = gzipSync(readFileSync('test/fixtures/rpd/serving.rpd'));
  const large = readFileSync('test/fixtures/rocpd/merged_3.0.2.db');

  it.each([
    ['serving.rpd.gz', small, small.length],
    // Two members, together larger than the head that tells the format.
    [
      'merged.db.gz',
      Buffer.concat([gzipSync(large.subarray(0, 9000)), stored(large.subarray(9000))]),
      HEAD,
    ],
    // Its first block is as long as the head, which alone unpacks to nothing.
    ['stored.db.gz', stored(large), 3 * HEAD],
  ])('%s is looked at once and unpacked once', async (name, bytes, head) => {
    const source = watched(bytesSource(`/t/${name}`, name, bytes));
    await open(source);
    // Its head, what marks a gzip, what it states to unpack to, and all of it.
    expect(source.bytesRead()).toBe(head + 2 + 4 + bytes.length);
  });
});

describe('a gzip that unpacks to more than is unpacked unasked', () => {
  const bytes = gzipSync(spaced(40 * MIB));

  it('is told before it is unpacked, by what it states', async () => {
    const source = watched(bytesSource('/t/bomb.json.gz', 'bomb.json.gz', bytes));
    const error = await refusalOf(open(source, 4 * MIB));
    expect(error.code).toBe('unpacks-large');
    expect(error.message).toBe(
      'bomb.json.gz (41 KiB) states that it unpacks to 40 MiB. More than 4 MiB are only unpacked when you ask for it: reading that takes long, and memory for all events in it.',
    );
    // The head, to tell the format, and the last bytes.
    expect(source.bytesRead()).toBeLessThan(bytes.length + 10);
  });

  it('is told where it is reached when it states less, or nothing that can be', async () => {
    for (const stated of [0, 100, 0xffffffff]) {
      const lying = Buffer.from(bytes);
      lying.writeUInt32LE(stated, lying.length - 4);
      const error = await refusalOf(open(bytesSource('/t/b.json.gz', 'b.json.gz', lying), 4 * MIB));
      expect(error.code).toBe('unpacks-large');
      expect(error.message).toContain('unpacks to more than is unpacked unasked');
      expect(sentenceProblems('refused', error.message)).toEqual([]);
    }
  });

  it('opens where that was allowed', async () => {
    const source = bytesSource('/t/bomb.json.gz', 'bomb.json.gz', bytes);
    expect((await open(source, Infinity)).gpu.count).toBe(2);
    expect((await open(source, 41 * MIB)).gpu.count).toBe(2);
  });

  it('counts together with the other files of the opening, and what lies packed in an archive', async () => {
    const inside = gzipSync(spaced(3 * MIB));
    const two = ['a', 'b'].map((name) => bytesSource(`/t/${name}`, `${name}.json.gz`, inside));
    const all = await readers();
    const together = openTrace(two, all, { unpacking: new UnpackAllowance(4 * MIB) });
    expect((await refusalOf(together)).code).toBe('unpacks-large');
    const tar = createTar(
      ['rank0.json.gz', 'rank1.json.gz'].map((name) => ({ name, data: new Uint8Array(inside) })),
    );
    const packed = bytesSource('/t/run.tar.gz', 'run.tar.gz', gzipSync(tar));
    expect((await refusalOf(open(packed, 4 * MIB))).code).toBe('unpacks-large');
    expect((await open(packed, 8 * MIB)).gpu.count).toBe(4);
  });

  it.each([
    [1000, 2 ** 30],
    [50 * MIB, 5000 * MIB],
    [2 ** 30, 8 * 2 ** 30],
  ])('of %i bytes: up to %i bytes by its size alone', async (size, limit) => {
    const ending = (stated: number): TraceSource => {
      const four = Buffer.alloc(4);
      four.writeUInt32LE(Math.min(stated, 0xffffffff));
      return { ...bytesSource('/t/x', 'x', new Uint8Array(0)), size, read: async () => four };
    };
    const allowance = allowanceBySize(ending(0));
    expect(() => allowance.count(ending(0), limit)).not.toThrow();
    expect(() => allowance.count(ending(0), limit + 1)).toThrow(/unpacks to more than/);
    await expect(allowance.foresee(ending(1))).resolves.toBeUndefined();
  });
});

const FIXTURES = [
  'flat/article_600.db',
  'ingero/plain_0.8.db',
  'nsys/two_processes_3.25.sqlite',
  'rocpd/process_901.db',
  'rpd/serving.rpd',
];

describe('an SQLite trace packed with gzip', () => {
  it.each(FIXTURES)('%s: opens as what it unpacks to', async (file) => {
    const stored = readFileSync(`test/fixtures/${file}`);
    const name = `${path.basename(file)}.gz`;
    const target = path.join(folder, name);
    writeFileSync(target, gzipSync(stored));
    const before = folderState(target);
    const [packed, plain] = [await openFile(target), await openFile(`test/fixtures/${file}`)];
    expect(folderState(target)).toEqual(before);
    expect(packed.format).toBe(plain.format);
    expect(packed.report).toEqual(plain.report);
    expect(packed.gpu).toEqual(plain.gpu);
    expect(packed.launches).toEqual(plain.launches);
    expect(packed.files).toEqual([{ path: target, name, bytes: readFileSync(target).length }]);
  });

  it('answers SQL over its own tables', async () => {
    const target = path.join(folder, 'sql.rpd.gz');
    writeFileSync(target, gzipSync(readFileSync('test/fixtures/rpd/serving.rpd')));
    const session = createNodeSession();
    try {
      await session.open([target]);
      const sql = 'SELECT count(*), max("end") FROM rocpd_op';
      const { rows } = await session.query({ sql });
      expect(rows).toEqual(await plainSql('test/fixtures/rpd/serving.rpd', sql));
    } finally {
      await session.close();
    }
  });

  it('is refused where it was cut or changed since', async () => {
    const packed = gzipSync(readFileSync('test/fixtures/flat/article_600.db'));
    const cut = await refusalOf(openBytes(packed.subarray(0, packed.length - 300), 'a.db.gz'));
    expect(cut.code).toBe('damaged');
    expect(cut.message).toContain('a.db.gz is cut off');
    const changed = Buffer.from(packed);
    changed[changed.length - 6] ^= 1;
    const wrong = await refusalOf(openBytes(changed, 'a.db.gz'));
    expect(wrong.code).toBe('damaged');
    expect(wrong.message).toContain('have changed since it was packed');
  });

  it('counts towards what is unpacked unasked', async () => {
    const packed = gzipSync(readFileSync('test/fixtures/flat/article_600.db'));
    const source = bytesSource('/t/a.db.gz', 'a.db.gz', packed);
    expect((await refusalOf(open(source, 10_000))).code).toBe('unpacks-large');
    expect(gunzipSync(packed).length).toBeGreaterThan(10_000);
  });
});

describe('the command line', () => {
  const target = path.join(folder, 'spaced.json.gz');
  writeFileSync(target, gzipSync(spaced(3 * MIB)));
  const run = async (...args: string[]) => {
    let out = '';
    let said = '';
    const code = await runCli(args, {
      terminal: {
        write: async (text) => void (out += text),
        say: (line) => void (said += line),
        progress: () => undefined,
        progressDone: () => undefined,
      },
      version: '0',
      createSession: async () => createNodeSession(),
    });
    return { code, out, said };
  };

  it.each([['info'], ['decompose'], ['stalls'], ['attribute'], ['unclassified']])(
    '%s says what it would take, and opens where that is allowed',
    async (command) => {
      const refused = await run(command, target, '--max-unpacked', '1MiB');
      expect(refused.code).toBe(3);
      expect(refused.out).toBe('');
      expect(refused.said).toContain('More than 1 MiB are only unpacked');
      expect(refused.said).toContain('say --max-unpacked SIZE or --max-unpacked unlimited.');
      expect((await run(command, target, '--max-unpacked', 'unlimited')).code).toBe(0);
      expect((await run(command, target, '--max-unpacked', '3.5 GiB')).code).toBe(0);
      expect((await run(command, target)).code).toBe(0);
    },
  );

  it('refuses a size that is none', async () => {
    for (const size of ['much', '-1', '1.', '10Q', '']) {
      expect((await run('info', target, '--max-unpacked', size)).code).toBe(2);
    }
  });
});
