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
      notes: [],
    });
  });

  it('without a trace is refused', async () => {
    await expect(traceFiles([join(folder, 'older')])).rejects.toThrow(TraceOpenError);
  });

  it('that does not exist is left to be opened, which says so', async () => {
    expect(await traceFiles([join(folder, 'gone')])).toEqual({
      paths: [join(folder, 'gone')],
      found: [],
      notes: [],
    });
  });

  it('says what in it looks like part of the run and is not looked into', async () => {
    const run = join(folder, 'run');
    for (const path of ['', 'node0', 'node1', 'notes']) {
      mkdirSync(join(run, path));
    }
    const files = [
      ...['rank0.json', 'rank1.sqlite.gz', 'rank2.json.zst', '._rank0.json', 'report.nsys-rep'],
      ...['node0/rank3.json', 'node1/rank4.db', 'notes/read.me'],
    ];
    files.forEach((file) => writeFileSync(join(run, file), ''));
    const { paths, notes } = await traceFiles([run]);
    expect(paths).toEqual(['rank0.json', 'rank1.sqlite.gz'].map((name) => join(run, name)));
    expect(notes).toHaveLength(3);
    expect(notes[0]).toContain(`node0, node1 in ${run} hold files that may be traces`);
    expect(notes[0]).toContain(`"${join(run, '*', '*.json')}"`);
    expect(notes[1]).toContain('rank2.json.zst');
    expect(notes[2]).toContain('report.nsys-rep is an Nsight Systems report. Export it');
    const nested = join(folder, 'nested');
    mkdirSync(join(nested, 'inner'), { recursive: true });
    writeFileSync(join(nested, 'inner', 'rank0.json'), '');
    await expect(traceFiles([nested])).rejects.toThrow(/holds no trace.* inner in /);
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
      notes: [],
    });
    expect(
      await traceFiles([join(folder, 'worker{2,10}.json'), join(folder, 'worker2.json')]),
    ).toEqual({
      paths: [2, 10].map((rank) => join(folder, `worker${rank}.json`)),
      found: [],
      notes: [],
    });
  });

  it.each(['a [1] (x)', 'b {2}', '!c', 'd*', 'e+(f)'])(
    'begins with folders by their names, such as %s',
    async (name) => {
      const run = join(folder, name);
      mkdirSync(join(run, '!in'), { recursive: true });
      for (const file of ['r0.json', 'r1.json', '!r2.json', join('!in', 'r3.json')]) {
        writeFileSync(join(run, file), '');
      }
      const matched = async (pattern: string) => (await traceFiles([join(run, pattern)])).paths;
      expect(await matched('r?.json')).toEqual([join(run, 'r0.json'), join(run, 'r1.json')]);
      expect(await matched('r{0,1}.json')).toHaveLength(2);
      expect(await matched('!r*.json')).toEqual([join(run, '!r2.json')]);
      expect(await matched(join('!in', '*.json'))).toEqual([join(run, '!in', 'r3.json')]);
      expect(await matched(join('**', 'r*.json'))).toHaveLength(3);
    },
  );

  it('that matches nothing is refused', async () => {
    await expect(traceFiles([join(folder, 'none*.json')])).rejects.toThrow('No file matches');
  });

  it('is a file where a file has that name', async () => {
    const odd = join(folder, 'run[1].json');
    writeFileSync(odd, '');
    expect((await traceFiles([odd])).paths).toEqual([odd]);
  });
});
