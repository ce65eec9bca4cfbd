import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import { TarArchive } from '../../../src/formats/tar/tarArchive.js';
import type { TarEntry } from '../../../src/formats/tar/tarEntries.js';
import { openBytes, readers, refusalOf, sum } from './reading.js';

const RANKS = [0, 1].map((rank) => `two-ranks.rank${rank}.pt.trace.json.gz`);
const fixture = (name: string) => new Uint8Array(readFileSync(`test/fixtures/kineto/${name}`));
const archive = (files: Record<string, Uint8Array | string>): Uint8Array =>
  createTar(Object.entries(files).map(([name, data]) => ({ name, data })));
const both = (folder = 'run') =>
  archive({
    [`${folder}/notes.txt`]: 'measured on Tuesday',
    [`${folder}/${RANKS[1]}`]: fixture(RANKS[1]),
    [`${folder}/${RANKS[0]}`]: fixture(RANKS[0]),
    [`${folder}/._${RANKS[0]}`]: 'attributes',
  });

describe('a tar archive', () => {
  it.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['packed with gzip', (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes))],
  ])('%s stands for the ranks in it, in the order of their names', async (_, pack) => {
    const trace = await openBytes(pack(both()), 'run.tar.gz');
    const sources = RANKS.map((name) => bytesSource(`/memory/${name}`, name, fixture(name)));
    const separate = await openTrace(sources, await readers());
    expect(trace.files.map(({ name }) => name)).toEqual(RANKS);
    expect(trace.files.map(({ path }) => path)).toEqual(
      RANKS.map((name) => `/memory/run.tar.gz/run/${name}`),
    );
    expect(trace.gpu.count).toBe(separate.gpu.count);
    expect(sum(trace.gpu.duration)).toBe(sum(separate.gpu.duration));
    expect(trace.ranks.map(({ rank }) => rank)).toEqual(separate.ranks.map(({ rank }) => rank));
  });

  it('only shows the names in it, wherever they point', async () => {
    const trace = await openBytes(archive({ '../../etc/passwd': fixture(RANKS[0]) }), 'x.tar');
    expect(trace.files.map(({ name }) => name)).toEqual(['passwd']);
  });

  it('without a trace is refused with the number of its files', async () => {
    const error = await refusalOf(openBytes(archive({ a: 'x', b: 'y' }), 'notes.tar'));
    expect(error.code).toBe('not-a-trace');
    expect(error.message).toBe(
      'notes.tar is an archive, and none of the 2 files in it is a trace.',
    );
  });

  it.each([1200, 4000, -20_000])('cut at %i is refused, not read in part', async (end) => {
    const error = await refusalOf(openBytes(both().slice(0, end), 'cut.tar'));
    expect(['damaged', 'not-a-trace']).toContain(error.code);
    expect(error.message).toContain('cut.tar');
  });

  it('whose packing is damaged is refused', async () => {
    const packed = new Uint8Array(gzipSync(both()));
    const error = await refusalOf(openBytes(packed.slice(0, packed.length - 500), 'cut.tar.gz'));
    expect(error.code).toBe('damaged');
    expect(error.message).toContain('cut.tar.gz is a damaged or cut archive');
  });
});

/** A header block as archivers write it. */
function header(name: string, size: number, type = '0', sizeField?: Uint8Array): Uint8Array {
  const block = new Uint8Array(512);
  const put = (text: string, at: number): void => block.set(new TextEncoder().encode(text), at);
  put(name, 0);
  put('0000644\0', 100);
  put(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.set(sizeField ?? new Uint8Array(0), 124);
  put('00000000000\0', 136);
  put(type, 156);
  put('ustar\x0000', 257);
  put('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  whole.set(bytes);
  return whole;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const joined = (...blocks: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(blocks));
const END = new Uint8Array(1024);

describe('long names and sizes', () => {
  const trace = fixture(RANKS[0]);
  const long = `${'folder-with-a-long-name/'.repeat(8)}${RANKS[0]}`;
  const record = (key: string, value: string): string => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length;
    while (`${length}${rest}`.length !== length) {
      length++;
    }
    return `${length}${rest}`;
  };

  it.each([
    [
      'pax',
      joined(header('x', record('path', long).length, 'x'), padded(text(record('path', long)))),
    ],
    ['GNU', joined(header('././@LongLink', long.length + 1, 'L'), padded(text(`${long}\0`)))],
  ])('%s: the name stands before the entry', async (_, before) => {
    const bytes = joined(before, header('short', trace.length), padded(trace), END);
    const opened = await openBytes(bytes, 'long.tar');
    expect(opened.files[0]).toMatchObject({ name: RANKS[0], path: `/memory/long.tar/${long}` });
    expect(opened.files[0].bytes).toBe(trace.length);
  });

  it.each([
    [
      'pax',
      (size: number) => {
        const size_ = record('size', String(size));
        return joined(header('x', size_.length, 'x'), padded(text(size_)), header(RANKS[0], 0));
      },
    ],
    [
      'GNU binary',
      (size: number) => {
        const field = new Uint8Array(12);
        field[0] = 0x80;
        new DataView(field.buffer).setUint32(8, size);
        return header(RANKS[0], 0, '0', field);
      },
    ],
  ])('%s: sizes that do not fit octal digits', async (_, head) => {
    const opened = await openBytes(joined(head(trace.length), padded(trace), END), 'big.tar');
    expect(opened.files[0].bytes).toBe(trace.length);
  });

  it('a damaged header is told, and what follows is not guessed', async () => {
    const bytes = joined(header(RANKS[0], trace.length), padded(trace), header('next', 512), END);
    bytes[512 + padded(trace).length + 3] ^= 0xff;
    const error = await refusalOf(openBytes(bytes, 'bad.tar'));
    expect(error.code).toBe('damaged');
    expect(error.message).toContain(`the header at byte ${512 + padded(trace).length} is damaged`);
  });

  it('a name of megabytes, and links with a size, are not believed', async () => {
    const huge = joined(header('././@LongLink', 2 ** 30, 'L'), END);
    expect((await refusalOf(openBytes(huge, 'huge.tar'))).message).toContain('a name in it has');
    const link = joined(
      header('link', 2 ** 20, '2'),
      header(RANKS[0], trace.length),
      padded(trace),
    );
    expect((await openBytes(link, 'link.tar')).files.map(({ name }) => name)).toEqual([RANKS[0]]);
  });
});

it('a database in an archive has its write-ahead log beside it', async () => {
  const files = ['live.db', 'live.db-wal'].map((name) => [
    name,
    new Uint8Array(readFileSync(`test/fixtures/broken/${name}`)),
  ]);
  const bytes = archive(Object.fromEntries(files) as Record<string, Uint8Array>);
  for (const whole of [bytes, new Uint8Array(gzipSync(bytes))]) {
    const opened = await openBytes(whole, 'run.tar');
    expect(opened.report.warnings.map(({ code }) => code)).toContain('wal-merged');
  }
});

it('a packed archive too large to keep is looked through, and unpacked again for what is chosen', async () => {
  const [first, second] = RANKS.map(fixture);
  const packed = new Uint8Array(
    gzipSync(archive({ 'a.gz': first, 'b.gz': second, 'c.gz': first })),
  );
  let opened = 0;
  const open = async () => {
    opened++;
    return bytesSource('/m/run.tgz', 'run.tgz', packed);
  };
  const large = new TarArchive('/m/run.tgz', 'run.tgz', true, open, first.length);
  const seen: { path: string; whole: boolean; head: Uint8Array }[] = [];
  const entries: TarEntry[] = [];
  await large.visit(async ({ entry, source, whole }) => {
    entries.push(entry);
    seen.push({ path: source.path, whole, head: await source.read(0, 4) });
  }, {});
  expect(seen.map(({ path, whole }) => [path, whole])).toEqual([
    ['/m/run.tgz/a.gz', true],
    ['/m/run.tgz/b.gz', false],
    ['/m/run.tgz/c.gz', false],
  ]);
  expect(seen.map(({ head }) => [...head])).toEqual(
    [first, second, first].map((bytes) => [...bytes.subarray(0, 4)]),
  );
  await large.hold([entries[1]], {});
  const source = await large.source(entries[1]);
  expect(Buffer.from(await source.read(0, source.size)).equals(second)).toBe(true);
  expect(opened).toBe(2);
  await expect(large.source(entries[2])).rejects.toThrow('was not unpacked');
});
