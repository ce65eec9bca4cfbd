import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
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
