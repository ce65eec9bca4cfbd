import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { traceFiles } from '../../../src/cli/traceFolders.js';
import { TraceOpenError } from '../../../src/trace/index.js';

const folder = mkdtempSync(join(tmpdir(), 'layerscope-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a folder on the command line', () => {
  it('stands for the traces directly in it, by name', async () => {
    for (const name of [
      'rank1.pt.trace.json.gz',
      'rank0.pt.trace.json.gz',
      'x.config.json',
      'a.md',
    ]) {
      writeFileSync(join(folder, name), '');
    }
    mkdirSync(join(folder, 'older'));
    const inside = [0, 1].map((rank) => join(folder, `rank${rank}.pt.trace.json.gz`));
    expect(await traceFiles(['other.db', folder])).toEqual({
      paths: ['other.db', ...inside],
      found: inside,
    });
  });

  it('without a trace is refused', async () => {
    await expect(traceFiles([join(folder, 'older')])).rejects.toThrow(TraceOpenError);
  });

  it('that does not exist is left to be opened, which says so', async () => {
    expect(await traceFiles([join(folder, 'gone')])).toEqual({
      paths: [join(folder, 'gone')],
      found: [],
    });
  });
});

describe('a pattern on the command line', () => {
  it('stands for the files it matches, in the order of their numbers', async () => {
    for (const rank of [10, 9, 2]) {
      writeFileSync(join(folder, `worker${rank}.json`), '');
    }
    expect(await traceFiles([join(folder, 'worker*.json')])).toEqual({
      paths: [2, 9, 10].map((rank) => join(folder, `worker${rank}.json`)),
      found: [],
    });
    expect(
      await traceFiles([join(folder, 'worker{2,10}.json'), join(folder, 'worker2.json')]),
    ).toEqual({ paths: [2, 10].map((rank) => join(folder, `worker${rank}.json`)), found: [] });
  });

  it('that matches nothing is refused', async () => {
    await expect(traceFiles([join(folder, 'none*.json')])).rejects.toThrow('No file matches');
  });

  it('is a file where a file has that name', async () => {
    const odd = join(folder, 'run[1].json');
    writeFileSync(odd, '');
    expect((await traceFiles([odd])).paths).toEqual([odd]);
  });
});
