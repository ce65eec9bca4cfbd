import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hidePrivateValues, HIDDEN } from '../../../src/query/privateValues.js';
import type { SqlEngine } from '../../../src/sqlite/engine.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import type { FormatId } from '../../../src/trace/index.js';
import { makeDatabase } from '../formats/reading.js';

async function hidden(format: FormatId, ...statements: string[]): Promise<SqlEngine> {
  const engine = openSqlJs(await loadNodeSqlJs(), await makeDatabase(...statements));
  hidePrivateValues(engine, format);
  return engine;
}

const column = (engine: SqlEngine, sql: string): unknown[] =>
  engine.query(sql).rows.map(([value]) => value);

describe('what SQL does not show unasked', () => {
  it('the user, the host and the folders of an Nsight Systems export; its versions stay', async () => {
    const engine = await hidden(
      'nsys',
      'CREATE TABLE META_DATA_EXPORT(name TEXT NOT NULL, value TEXT)',
      `INSERT INTO META_DATA_EXPORT VALUES ('EXPORT_HOST', '12345'), ('EXPORT_USER', 'someone'),
        ('EXPORT_PARAM_INPUT_PATH_ABS', '/home/someone/a'), ('EXPORT_TIME_LOCAL', '2026 CST'),
        ('EXPORT_SCHEMA_VERSION', '3.25.0'), ('EXPORT_PRODUCT_NAME', 'NVIDIA Nsight Systems'),
        ('EXPORT_TIME_UTC', '2026-01-25T02:26:45'), ('EXPORT_PARAM_EXPORT_TYPE', 'SQLite')`,
    );
    expect(column(engine, 'SELECT value FROM META_DATA_EXPORT')).toEqual([
      ...[HIDDEN, HIDDEN, HIDDEN, HIDDEN],
      ...['3.25.0', 'NVIDIA Nsight Systems', '2026-01-25T02:26:45', 'SQLite'],
    ]);
    engine.close();
  });

  it('environments among its strings, processes and files in a person’s folder', async () => {
    const engine = await hidden(
      'nsys',
      'CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT)',
      `INSERT INTO StringIds VALUES (1, 'void k<int, x=3>()'), (2, CAST(x'484f4d453d2f780050413d6200' AS TEXT)),
        (3, CAST(x'4e4f5641525f310041413d62' AS TEXT)), (4, 'printed'), (5, 'BATCH=32')`,
      'CREATE TABLE ProcessStreams(filenameId INTEGER, contentId INTEGER)',
      'INSERT INTO ProcessStreams VALUES (NULL, 4)',
      'CREATE TABLE PROCESSES(name TEXT)',
      "INSERT INTO PROCESSES VALUES ('/usr/bin/python3'), ('/home/someone/a.out')",
    );
    expect(column(engine, 'SELECT value FROM StringIds ORDER BY id')).toEqual([
      'void k<int, x=3>()',
      ...[HIDDEN, HIDDEN, HIDDEN],
      'BATCH=32',
    ]);
    expect(column(engine, 'SELECT name FROM PROCESSES')).toEqual(['/usr/bin/python3', HIDDEN]);
    engine.close();
  });

  it('hosts, command lines and environments of rocpd, whatever the suffix; also by its views', async () => {
    const engine = await hidden(
      'rocpd',
      'CREATE TABLE rocpd_info_node_1(id INTEGER, machine_id TEXT, hostname TEXT, system_name TEXT)',
      "INSERT INTO rocpd_info_node_1 VALUES (1, 'machine', 'host', 'Linux')",
      'CREATE VIEW rocpd_info_node AS SELECT * FROM rocpd_info_node_1',
      'CREATE TABLE rocpd_info_process_1(pid INTEGER, command TEXT NOT NULL, environment BLOB)',
      "INSERT INTO rocpd_info_process_1 VALUES (7, 'run --token', x'00')",
    );
    expect(engine.query('SELECT * FROM rocpd_info_node').rows).toEqual([
      [1, HIDDEN, HIDDEN, 'Linux'],
    ]);
    expect(engine.query('SELECT * FROM rocpd_info_process_1').rows).toEqual([[7, HIDDEN, HIDDEN]]);
    engine.close();
  });

  it('flags, process filters and containers of Ingero; its events keep their ids', async () => {
    const engine = await hidden(
      'ingero',
      'CREATE TABLE events(id TEXT PRIMARY KEY, node TEXT)',
      "INSERT INTO events VALUES ('gpu-7:1', 'gpu-7')",
      'CREATE TABLE sessions(pid_filter TEXT, flags TEXT, gpu_model TEXT)',
      "INSERT INTO sessions VALUES ('4599', '--secret', 'H200')",
      'CREATE TABLE cgroup_metadata(cgroup_id INTEGER PRIMARY KEY, cgroup_path TEXT, pod_name TEXT)',
      "INSERT INTO cgroup_metadata VALUES (5, '/user.slice', 'pod')",
    );
    expect(engine.query('SELECT * FROM events').rows).toEqual([['gpu-7:1', 'gpu-7']]);
    expect(engine.query('SELECT * FROM sessions').rows).toEqual([[HIDDEN, HIDDEN, 'H200']]);
    expect(engine.query('SELECT * FROM cgroup_metadata').rows).toEqual([[5, HIDDEN, HIDDEN]]);
    engine.close();
  });

  it('no trigger of the file sees the values, or keeps the statement from ending', async () => {
    const engine = await hidden(
      'rocpd',
      'CREATE TABLE rocpd_info_node_1(hostname TEXT)',
      "INSERT INTO rocpd_info_node_1 VALUES ('host')",
      'CREATE TABLE kept(value)',
      `CREATE TRIGGER keep AFTER UPDATE ON rocpd_info_node_1 BEGIN INSERT INTO kept VALUES (OLD.hostname); END`,
      `CREATE TRIGGER stay AFTER UPDATE ON rocpd_info_node_1 BEGIN
         INSERT INTO kept WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n; END`,
    );
    expect(column(engine, 'SELECT value FROM kept')).toEqual([]);
    expect(column(engine, 'SELECT hostname FROM rocpd_info_node_1')).toEqual([HIDDEN]);
    engine.close();
  });

  it('a table whose values cannot be replaced is not there', async () => {
    const engine = await hidden(
      'rocpd',
      'CREATE TABLE rocpd_info_node_1(hostname TEXT UNIQUE)',
      "INSERT INTO rocpd_info_node_1 VALUES ('a-host'), ('b-host')",
    );
    expect(() => engine.query('SELECT * FROM rocpd_info_node_1')).toThrow(/no such table/);
    engine.close();
  });

  it('a view in place of such a table is left alone, and nothing waits for it', async () => {
    const engine = await hidden(
      'nsys',
      `CREATE VIEW META_DATA_CAPTURE AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
       SELECT i AS name, i AS value FROM n`,
    );
    expect(column(engine, 'SELECT value FROM META_DATA_CAPTURE LIMIT 1')).toEqual([1]);
    engine.close();
  });

  it('the bytes of the file stay as they were', async () => {
    const bytes = new Uint8Array(readFileSync('test/fixtures/rocpd/process_901.db'));
    const before = bytes.slice();
    const engine = openSqlJs(await loadNodeSqlJs(), bytes);
    hidePrivateValues(engine, 'rocpd');
    engine.close();
    expect(bytes).toEqual(before);
  });
});
