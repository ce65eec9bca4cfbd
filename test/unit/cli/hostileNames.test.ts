import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDatabase } from '../formats/reading.js';
import { runInProcess } from './runInProcess.js';

const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-names-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HTML = '<img src=x onerror=alert(1)>"\'&amp;`|';
const ANSI = '\u001b[31m\u001b]0;title\u0007\u009b2J\u007f\r\b';
const BIDI = '\u202egnp.\u2066exe\u200b\u{e0041}\ufeff';
const PATH = '../../../../etc/passwd';
const HOSTILE = `${HTML}${ANSI}${BIDI}\t\n\u2028${PATH}`;
const LONG = `${ANSI}${'long'.repeat(1 << 18)}`;

/** What no output may hold but as an escape: line feeds and tabs are part of the formats. */
const RAW =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Cs}]|[\u{e0000}-\u{e007f}]/u;

/** CRLF ends the records of CSV. */
const raw = (text: string, isCsv: boolean): string | undefined => {
  const found = RAW.exec(isCsv ? text.replaceAll('\r\n', '\n') : text);
  return found === null
    ? undefined
    : JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 10));
};

const event = (fields: object): object => ({
  ph: 'X',
  pid: 1,
  tid: HOSTILE,
  ts: 10,
  dur: 5,
  ...fields,
});
const KINETO = {
  schemaVersion: 1,
  deviceProperties: [{ id: 0, name: HOSTILE }],
  distributedInfo: { backend: HOSTILE, rank: 0, world_size: 2 },
  [HOSTILE]: HOSTILE,
  traceEvents: [
    event({ ph: 'M', name: 'process_name', args: { name: HOSTILE } }),
    event({ ph: 'M', name: 'thread_name', args: { name: HOSTILE } }),
    ...[HOSTILE, LONG, PATH, 'plain'].flatMap((name, i) => [
      event({
        cat: 'python_function',
        name: `nn.Module: ${name}_${i}`,
        ts: 100 * i,
        dur: 90,
        args: { 'Python id': 2 * i + 1 },
      }),
      event({
        cat: 'python_function',
        name: `${name}.py(7): ${name}`,
        ts: 100 * i + 1,
        dur: 80,
        args: { 'Python id': 2 * i + 2, 'Python parent id': 2 * i + 1 },
      }),
      event({ cat: 'cpu_op', name, ts: 100 * i + 2, dur: 70 }),
      event({ cat: 'user_annotation', name, ts: 100 * i + 2, dur: 60 }),
      event({
        cat: 'cuda_runtime',
        name: `cudaLaunchKernel${name}`,
        ts: 100 * i + 5,
        dur: 5,
        args: { correlation: i },
      }),
      event({
        cat: 'kernel',
        name,
        ts: 100 * i + 20,
        dur: i === 3 ? 700 : 7,
        tid: HOSTILE,
        args: { correlation: i, stream: HOSTILE, device: 0, 'Collective name': HOSTILE },
      }),
      event({ cat: HOSTILE, name }),
    ]),
    ...Array.from({ length: 120 }, (_, i) =>
      event({
        cat: 'kernel',
        name: HOSTILE,
        ts: 1000 + i * 10,
        dur: i === 5 ? 400 : 2,
        args: { stream: 7, device: 0 },
      }),
    ),
  ],
};

const FLAT = [
  `CREATE TABLE events(timestamp, name, duration_us, source, stream, pid, tid, rank, stack, "${HOSTILE.replaceAll('"', '""')}")`,
  ...[HOSTILE, PATH, 'plain'].map((name, i) => {
    const text = `'${name.replaceAll("'", "''")}'`;
    const stack = JSON.stringify([{ file: name, line: 1, function: name }]).replaceAll("'", "''");
    return `INSERT INTO events VALUES (${i * 100}, ${text}, ${i + 1}, 'gpu', ${text}, ${text}, ${text}, ${i}, '${stack}', ${text})`;
  }),
  `CREATE TABLE "${HOSTILE.replaceAll('"', '""')}"(a)`,
];

const files = {
  // A file system takes any name without a slash or a zero.
  kineto: path.join(folder, `${HOSTILE.replaceAll('/', '_')}.pt.trace.json`),
  flat: path.join(folder, `${BIDI}${ANSI}.db`),
};
writeFileSync(files.kineto, JSON.stringify(KINETO));
const flat = makeDatabase(...FLAT);

const COMMANDS: readonly (readonly string[])[] = [
  ...['table', 'json'].map((format) => ['info', '--format', format]),
  ...['layer-type', 'layer', 'module', 'kernel', 'step', 'phase', 'stream', 'rank'].flatMap((by) =>
    ['table', 'json', 'csv', 'markdown'].map((format) => [
      'decompose',
      '--by',
      by,
      '--format',
      format,
    ]),
  ),
  ...['table', 'json', 'csv', 'markdown'].map((format) => [
    'stalls',
    '--factor',
    '1.5',
    '--format',
    format,
  ]),
  ['attribute'],
  ['attribute', '--explain'],
  ...['text', 'json'].flatMap((format) => [
    ['explain', '--call', '0', '--format', format],
    ['explain', '--call', '1', '--format', format],
  ]),
  ...['table', 'json', 'csv', 'rules'].map((format) => ['unclassified', '--format', format]),
];
const QUERIES = [
  'SELECT * FROM kernels',
  'SELECT * FROM launches',
  'SELECT * FROM ranges',
  'SELECT * FROM threads',
  'SELECT * FROM ranks',
  'SELECT * FROM streams',
  'SELECT * FROM events',
  'SELECT sql, name FROM main.sqlite_schema',
  `SELECT 1 AS "${HOSTILE.replaceAll('"', '""')}"`,
  `SELECT kernells FROM kernels`,
  `SELECT "${ANSI}" FROM kernels; ${BIDI}`,
];

describe.each(Object.entries(files))('a %s trace whose every name is hostile', (format, file) => {
  const run = async (args: readonly string[]) => {
    writeFileSync(files.flat, await flat);
    const { code, out, said } = await runInProcess(...args);
    // What is said goes through the terminal, which makes it visible; here it is looked at before.
    expect(args[0] === 'query' ? [0, 2] : [0]).toContain(code);
    return { out, said };
  };

  it.each(COMMANDS.map((args) => [args.join(' '), args] as const))('%s', async (_, args) => {
    const [command, ...rest] = args;
    if (format === 'flat' && command === 'attribute' && rest.length > 0) {
      return;
    }
    const { out } = await run([command, file, ...rest]);
    expect(out.length).toBeGreaterThan(10);
    // In `attribute` marks of direction are part of the name, for programs that compare it.
    const seen = command === 'attribute' ? out.replace(/[^\p{Cc}\p{Zl}\p{Zp} -~]/gu, '') : out;
    expect(raw(seen, args.includes('csv'))).toBeUndefined();
    if (args.includes('json') || args.includes('rules')) {
      expect(() => JSON.parse(out) as unknown).not.toThrow();
    }
    if (command === 'attribute') {
      const lines = out.trimEnd().split('\n');
      const columns = lines[0].split('\t').length;
      expect(lines.every((line) => line.split('\t').length === columns)).toBe(true);
    }
  });

  it.each(['table', 'json', 'csv'])('query --format %s', async (output) => {
    for (const sql of QUERIES) {
      const { out } = await run(['query', file, sql, '--format', output]);
      expect(raw(out, output === 'csv')).toBeUndefined();
    }
  });

  it('JSON has the names as they are', async () => {
    const { out } = await run(['decompose', file, '--by', 'kernel', '--format', 'json']);
    const { rows } = JSON.parse(out) as { rows: { label: string }[] };
    expect(rows.map(({ label }) => label)).toContain(HOSTILE);
  });
});

it('errors quote file names and tables visibly', async () => {
  const none = path.join(folder, `${ANSI}${BIDI}none.db`);
  writeFileSync(
    none,
    await makeDatabase(`CREATE TABLE "${(ANSI + BIDI).replaceAll('"', '""')}"(a)`),
  );
  for (const file of [none, `${none}.missing`, `${none}*`]) {
    const { code, said, out } = await runInProcess('info', file);
    expect(code).toBe(3);
    expect(raw(out + said, false)).toBeUndefined();
  }
  // In a folder it is left out, with the same sentence.
  const { code, said, out } = await runInProcess('info', folder);
  expect(code).toBe(0);
  expect(out).toContain('no part of it');
  expect(raw(out + said, false)).toBeUndefined();
});
