import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodeSession } from '../../src/session/nodeSession.js';
import { quoteName } from '../../src/sqlite/sqlText.js';
import { runInProcess } from '../unit/cli/runInProcess.js';
import { plainSql } from '../unit/formats/reading.js';

const files = (folder: string, pattern: RegExp): string[] =>
  readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);

const FILES = [
  ...files('../shared/traces/public/nsys', /\.sqlite$/),
  ...files('../shared/traces/public/rocpd', /\.db$/),
  ...files('../shared/traces/ingero', /\.db$/),
  ...files('test/fixtures/nsys', /\.sqlite$/),
  ...files('test/fixtures/rocpd', /\.db$/),
  ...files('test/fixtures/ingero', /\.db$/),
];

/** Statements that give what the file keeps of people and machines; each is asked of files that have it. */
const PRIVATE = [
  "SELECT value FROM META_DATA_CAPTURE WHERE name GLOB '*ENVIRONMENT*' OR name GLOB '*ARGUMENT*' OR name GLOB '*USER*' OR name GLOB '*HOST*' OR name GLOB '*COMMAND*' OR name GLOB '*DIR*'",
  "SELECT value FROM META_DATA_EXPORT WHERE name GLOB '*HOST*' OR name GLOB '*USER*' OR name GLOB '*PATH*'",
  "SELECT value FROM EXPORT_META_DATA WHERE name GLOB '*HOST*' OR name GLOB '*USER*' OR name GLOB '*PATH*'",
  "SELECT value FROM TARGET_INFO_SYSTEM_ENV WHERE name IN ('Hostname', 'DeviceEnvironment', 'SystemUID')",
  'SELECT s.value FROM ProcessStreams p JOIN StringIds s ON s.id IN (p.contentId)',
  "SELECT value FROM StringIds WHERE value GLOB '[A-Z]*=*' AND instr(CAST(value AS BLOB), x'00') > 0",
  'SELECT flags FROM sessions',
  'SELECT cgroup_path FROM cgroup_metadata',
  'SELECT pod_name FROM cgroup_metadata',
  'SELECT DISTINCT node FROM events',
];

/** The values of one column; none where the file has no such table or column. */
async function texts(file: string, statement: string): Promise<string[]> {
  try {
    return (await plainSql(file, statement)).map(([value]) => String(value ?? ''));
  } catch {
    return []; // another format, or another version
  }
}

/** What nobody may find; single variables of an environment included. */
async function privateValues(file: string): Promise<Set<string>> {
  const statements = [...PRIVATE];
  for (const table of await texts(
    file,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name GLOB 'rocpd_info_node*' OR name GLOB 'rocpd_info_process*')",
  )) {
    for (const column of ['machine_id', 'hostname', 'command', 'environment']) {
      statements.push(`SELECT ${column} FROM ${quoteName(table)}`);
    }
  }
  const pieces: string[] = [];
  for (const statement of statements) {
    pieces.push(...(await texts(file, statement)).flatMap((value) => value.split(/[\0\n;]/)));
  }
  // Paths of programs and of libraries stay, since stacks lead to source by them, whoever's name a folder
  // has; and the name of the file, which the exporter noted too.
  const paths = (await texts(file, 'SELECT value FROM StringIds')).filter(
    (text) => /^[./\w-]+$/.test(text) && (text.includes('/') || text.length >= 8),
  );
  const onPath = (piece: string): boolean =>
    paths.some((text) => text.includes(piece) || piece.endsWith(text));
  const open = new Set([...pieces.filter(onPath), path.basename(file)]);
  return new Set(
    pieces.filter(
      // Shorter ones occur by chance: "1000", "node", "/".
      (piece) => piece.length >= 8 && /[a-z]/i.test(piece) && !open.has(piece),
    ),
  );
}

/** Every text and number of every table and view of the file that SQL reaches. */
async function allOfSql(file: string): Promise<string> {
  const session = createNodeSession();
  try {
    await session.open([file]);
    const { rows } = await session.query({
      sql: "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view')",
    });
    const texts: string[] = [];
    for (const [name] of rows) {
      const result = await session
        .query({ sql: `SELECT * FROM main.${quoteName(String(name))}` })
        .catch(() => ({ rows: [] })); // a view over tables that are not there
      texts.push(
        JSON.stringify(result.rows, (_, value: unknown) =>
          typeof value === 'bigint'
            ? value.toString()
            : value instanceof Uint8Array
              ? Buffer.from(value).toString('latin1')
              : value,
        ),
      );
    }
    return texts.join('\n');
  } finally {
    await session.close();
  }
}

describe.each(FILES)('%s', (file) => {
  it('shows nothing of people and machines, in any output', async () => {
    const secrets = await privateValues(file);
    const commands: string[][] = [
      ['info', file],
      ['info', file, '--format', 'json'],
      ...['layer-type', 'module', 'kernel', 'stream', 'rank', 'step'].flatMap((by) => [
        ['decompose', file, '--by', by, '--format', 'json'],
      ]),
      ['decompose', file],
      ['decompose', file, '--format', 'markdown'],
      ['stalls', file, '--format', 'json', '--limit', '1000000'],
      ['attribute', file, '--explain'],
      ['explain', file, '--call', '0', '--format', 'json'],
      ['unclassified', file, '--format', 'json'],
      ...['kernels', 'launches', 'ranges', 'host_events', 'ranks', 'threads', 'calls'].map(
        (view) => ['query', file, `SELECT * FROM temp.${view} LIMIT 100000`, '--format', 'json'],
      ),
    ];
    const leaks = new Set<string>();
    const look = (where: string, text: string): void => {
      for (const secret of secrets) {
        if (text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1))) {
          leaks.add(`${where}: ${secret.slice(0, 80)}`);
        }
      }
    };
    for (const args of commands) {
      const { out, said } = await runInProcess(...args);
      // The path that was given is the user's own word.
      look(args.join(' '), (out + said).replaceAll(file, '').replaceAll(path.basename(file), ''));
    }
    // An Ingero event has the machine's name in its id, which its own tables join by.
    for (const node of await texts(file, 'SELECT DISTINCT node FROM events')) {
      secrets.delete(node);
    }
    look('SQL', await allOfSql(file));
    expect([...leaks].sort()).toEqual([]);
  });
});

it('there is much to hide in them', async () => {
  const counts = await Promise.all(FILES.map(async (file) => (await privateValues(file)).size));
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(FILES.length / 2);
  expect(Math.max(...counts)).toBeGreaterThan(100);
});

it('is shown when asked for', async () => {
  const file = '../shared/traces/public/rocpd/bt2_test_rocm_database.db';
  const table = 'rocpd_info_nodecc3883073c204c7da65be8c5f67fa23c';
  const asked = ['query', file, `SELECT hostname FROM ${table}`, '--format', 'csv'];
  expect((await runInProcess(...asked)).out).toBe('hostname\r\n(hidden: private)\r\n');
  expect((await runInProcess(...asked, '--private')).out).toBe('hostname\r\ntest_host\r\n');
});
