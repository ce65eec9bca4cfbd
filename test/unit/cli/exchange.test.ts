import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.js';
import { createNodeSession } from '../../../src/session/nodeSession.js';

const ARTICLE = resolve('test/fixtures/flat/article_600.db');

describe('layerscope import and export', () => {
  let folder: string;
  let trace: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layerscope-exchange-'));
    trace = join(folder, 'trace.db');
    copyFileSync(ARTICLE, trace);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function run(...args: string[]) {
    const out: string[] = [];
    const said: string[] = [];
    const code = await runCli(args, {
      version: '1.2.3',
      createSession: async () => createNodeSession(),
      terminal: {
        write: async (text) => void out.push(text),
        say: (line) => void said.push(line),
        progress: () => undefined,
        progressDone: () => undefined,
      },
    });
    return { code, out: out.join(''), said: said.join('\n') };
  }

  const at = (name: string) => join(folder, name);
  const sha = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

  it('imports a trace, whose import answers byte by byte as it does', async () => {
    const written = await run('import', trace, '-o', at('out.db'));
    expect(written).toMatchObject({ code: 0, out: '' });
    expect(written.said).toMatch(
      /^Written 600 GPU events, 0 API calls, 0 ranges, \d+ host events: .*out\.db, \d+ kB$/,
    );
    for (const args of [['attribute'], ['attribute', '--explain']]) {
      const [original, again] = [trace, at('out.db')].map((file) =>
        run(args[0], file, ...args.slice(1)),
      );
      expect((await again).out).toBe((await original).out);
    }
    const info = await run('info', at('out.db'), '--format', 'json');
    expect(JSON.parse(info.out)).toMatchObject({
      trace: { format: 'layerscope', format_label: 'Layerscope import of events table' },
      facts: expect.arrayContaining([
        { name: 'Imported from', value: 'trace.db by layerscope 1.2.3' },
      ]) as unknown,
    });
    expect((await run('decompose', at('out.db'))).out).toContain('kept from import');
    expect(readdirSync(folder).sort()).toEqual(['out.db', 'trace.db']);
    expect(sha(trace)).toBe(sha(ARTICLE));
  });

  it('says which rules near the import do not apply', async () => {
    await run('import', trace, '-o', at('out.db'));
    mkdirSync(at('.layerscope'));
    const rules = { names: [{ id: 'all', kernel: '.', type: 'mlp', why: 'ours' }] };
    const file = at(join('.layerscope', 'layers.json'));
    writeFileSync(file, JSON.stringify(rules));
    const kept = await run('decompose', at('out.db'));
    expect(kept.said).toContain('Layers are kept from the import');
    const named = await run('decompose', at('out.db'), '--rules', file);
    expect(named.said).not.toContain('kept');
    expect(named.out).toContain('MLP');
  });

  it.each([
    ['chrome', 'out.json', '"traceEvents"'],
    ['csv', 'out.csv', 'id,name,kind,start_ns'],
    ['speedscope', 'out.speedscope.json', 'file-format-schema.json'],
  ])('exports %s to a file, packed, and to the standard output', async (to, name, holds) => {
    const plain = await run('export', trace, '--to', to, '-o', at(name));
    expect(plain).toMatchObject({ code: 0, out: '' });
    const text = readFileSync(at(name), 'utf8');
    expect(text).toContain(holds);
    await run('export', trace, '--to', to, '-o', at(`${name}.gz`));
    expect(gunzipSync(readFileSync(at(`${name}.gz`))).toString('utf8')).toBe(text);
    const streamed = await run('export', trace, '--to', to, '-o', '-');
    expect(streamed.out).toBe(text);
    expect(streamed.said).toMatch(/^Written 600 GPU events[^:]*$/m);
  });

  it('exports a window of time', async () => {
    const { out } = await run(
      ...['export', trace, '--to', 'csv', '-o', '-', '--from-time', '1000', '--to-time', '2000.5'],
    );
    const starts = out
      .split('\r\n')
      .slice(1, -1)
      .map((line) => Number(line.split(',')[3]));
    expect(starts.length).toBeGreaterThan(0);
    expect(starts.length).toBeLessThan(600);
    expect(starts.every((ns) => ns >= 1e9 && ns < 2.0005e9)).toBe(true);
  });

  describe('never writes', () => {
    it('over a file that is there, unless it is told to', async () => {
      writeFileSync(at('out.db'), 'precious');
      const refused = await run('import', trace, '-o', at('out.db'));
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.said).toContain(
        'exists already. Choose another name, or replace it by --force.',
      );
      expect(readFileSync(at('out.db'), 'utf8')).toBe('precious');
      expect((await run('import', trace, '-o', at('out.db'), '--force')).code).toBe(0);
      expect(readFileSync(at('out.db')).subarray(0, 15).toString()).toBe('SQLite format 3');
      expect(readdirSync(folder).sort()).toEqual(['out.db', 'trace.db']);
    });

    it('to what it reads, by whatever name', async () => {
      symlinkSync(trace, at('symbolic.db'));
      linkSync(trace, at('hard.db'));
      symlinkSync(folder, at('here'));
      const names = ['trace.db', 'symbolic.db', 'hard.db', join('here', 'trace.db'), './trace.db'];
      for (const name of names) {
        const { code, said } = await run('import', trace, '-o', `${folder}/${name}`, '--force');
        expect(code, name).toBe(2);
        expect(said).toContain('which is read here and never written to');
      }
      const model = resolve('test/fixtures/models/nemotron_h.config.json');
      copyFileSync(model, at('config.json'));
      const args = ['--model', at('config.json'), '-o', at('config.json'), '--force'];
      expect((await run('export', trace, '--to', 'chrome', ...args)).code).toBe(2);
      expect(sha(at('config.json'))).toBe(sha(model));
      expect(sha(trace)).toBe(sha(ARTICLE));
    });

    it('what SQLite would take for part of a database', async () => {
      const beside = await run('export', trace, '--to', 'csv', '-o', at('trace.db-wal'));
      expect(beside.said).toContain('would be taken for a part of');
      writeFileSync(at('out.db-journal'), 'x');
      const log = await run('import', trace, '-o', at('out.db'));
      expect(log.said).toContain('the log of another database of that name');
      expect(existsSync(at('trace.db-wal')) || existsSync(at('out.db'))).toBe(false);
    });

    it('anything where the trace cannot be opened, or the place is none', async () => {
      writeFileSync(at('no.db'), 'nothing');
      expect((await run('import', at('no.db'), '-o', at('out.db'))).code).toBe(3);
      const none = await run('import', trace, '-o', join(folder, 'nowhere', 'out.db'));
      expect(none.said).toContain('The folder of');
      expect((await run('import', trace, '-o', folder)).said).toContain('is a folder');
      expect((await run('import', trace, '-o', '-')).said).toContain('say -o FILE');
      expect(readdirSync(folder).sort()).toEqual(['no.db', 'trace.db']);
    });
  });

  it.each([
    [['export', 'TRACE', '-o', 'x'], /--to <format>' not specified/],
    [['export', 'TRACE', '--to', 'pdf', '-o', 'x'], /Allowed choices are chrome, csv, speedscope/],
    [['export', 'TRACE', '--to', 'chrome', '--table', 'gpu', '-o', '-'], /--table is of CSV only/],
    [
      ['export', 'TRACE', '--to', 'csv', '--from-time', '2', '--to-time', '1', '-o', '-'],
      /--from-time has to be before --to-time/,
    ],
    [['export', 'TRACE', '--to', 'csv', '--from-time', '-1', '-o', '-'], /from 0 on/],
  ])('%j is wrong usage', async (args, sentence) => {
    const stderr: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = ((text: string) => stderr.push(text) > 0) as typeof process.stderr.write;
    try {
      const { code, said } = await run(...args.map((arg) => (arg === 'TRACE' ? trace : arg)));
      expect(code).toBe(2);
      expect(said + stderr.join('')).toMatch(sentence);
    } finally {
      process.stderr.write = write;
    }
  });
});
