import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { nodeFileSource } from '../../../src/formats/nodeFileSource.js';
import { nodeLargeDatabases } from '../../../src/formats/nodeLargeDatabases.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import { createNodeSession } from '../../../src/session/nodeSession.js';
import { traceReaders } from '../../../src/session/traceReaders.js';
import type { DatabaseFile } from '../../../src/sqlite/engine.js';
import { nodeSqlite, openNodeSqlite } from '../../../src/sqlite/nodeSqliteEngine.js';
import { TraceOpenError, type Trace } from '../../../src/trace/index.js';
import { folderState, openFile } from './reading.js';

/** A trace read where its file lies, and what was copied for it. */
export async function openNatively(
  file: string,
): Promise<{ trace: Trace; opened: readonly DatabaseFile[] }> {
  const sqlite = nodeSqlite();
  if (sqlite === undefined) {
    throw new Error('this Node has no node:sqlite');
  }
  const parent = mkdtempSync(path.join(tmpdir(), 'layerscope-native-'));
  const scratch = path.join(parent, 'scratch');
  const opened: DatabaseFile[] = [];
  const readers = traceReaders(async (place) => {
    if (place instanceof Uint8Array) {
      throw new Error('the file was read into memory');
    }
    opened.push(place);
    return openNodeSqlite(sqlite, place);
  });
  const source = await nodeFileSource(file);
  try {
    const largeDatabases = nodeLargeDatabases(0, scratch);
    const trace = await openTrace([source], readers, { largeDatabases });
    return { trace, opened };
  } finally {
    await source.close();
    expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([]);
    rmSync(parent, { recursive: true });
  }
}

/**
 * Opens a file by both engines, which must give the same trace, column by column, or refuse it with the
 * same sentence; the file and its folder stay as they are.
 */
export async function expectSameByBothEngines(file: string): Promise<readonly DatabaseFile[]> {
  const before = folderState(file);
  const inMemory = await openFile(file).catch(refused);
  const natively = await openNatively(file).catch(refused);
  expect(folderState(file)).toEqual(before);
  if (inMemory instanceof TraceOpenError || natively instanceof TraceOpenError) {
    // Of a cut file SQLite says "malformed" in other words.
    const said = (result: unknown) =>
      result instanceof TraceOpenError
        ? [
            result.code,
            result.looksLike,
            result.message.replace(/\(.*malformed.*\)/, '(malformed)'),
          ]
        : 'opened';
    expect(said(natively)).toEqual(said(inMemory));
    return [];
  }
  expect(natively.opened.length).toBe(1);
  // Whole tables at once are compared as bytes: as objects they take minutes.
  for (const table of ['gpu', 'launches', 'ranges', 'host'] as const) {
    const mine: Record<string, unknown> = { ...natively.trace[table] };
    const theirs: Record<string, unknown> = { ...inMemory[table] };
    expect(Object.keys(mine)).toEqual(Object.keys(theirs));
    for (const [column, values] of Object.entries(mine)) {
      expect([table, column, sameValue(values, theirs[column])]).toEqual([table, column, true]);
    }
  }
  const rest = (trace: Trace) => ({
    ...trace,
    ...{ gpu: null, launches: null, ranges: null, host: null, names: trace.names.all() },
  });
  expect(rest(natively.trace)).toEqual(rest(inMemory));
  return natively.opened;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const bytes = (view: ArrayBufferView) =>
      Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    return a.constructor === b.constructor && bytes(a).equals(bytes(b));
  }
  return Object.is(a, b);
}

/** Asks both engines the same statements over a file: the same answers, the file left as it is. */
export async function expectSameAnswers(
  file: string,
  statements: readonly string[],
): Promise<void> {
  const before = folderState(file);
  const answers = async (options: { nativeBeyond?: number }) => {
    const session = createNodeSession(undefined, options);
    try {
      const refusal = await session.open([file]).then(() => undefined, refused);
      if (refusal !== undefined) {
        return refusal.message;
      }
      const all: unknown[] = [];
      for (const sql of statements) {
        try {
          const { columns, rows } = await session.query({ sql, limit: 5000 });
          all.push([sql, columns, rows]);
        } catch (error) {
          all.push([sql, String(error)]);
        }
      }
      return all;
    } finally {
      await session.close();
    }
  };
  const inMemory = await answers({});
  expect(await answers({ nativeBeyond: 0 })).toEqual(inMemory);
  expect(folderState(file)).toEqual(before);
}

function refused(error: unknown): TraceOpenError {
  if (error instanceof TraceOpenError) {
    return error;
  }
  throw error;
}

/** Statements over every view and every table of a file. */
export const EVERYWHERE = [
  'SELECT * FROM kernels ORDER BY id LIMIT 200',
  'SELECT * FROM launches ORDER BY id LIMIT 200',
  'SELECT * FROM host_events ORDER BY id LIMIT 200',
  'SELECT * FROM ranges ORDER BY id LIMIT 200',
  'SELECT * FROM layers ORDER BY total_ns DESC, layer_type, layer_index',
  'SELECT * FROM stalls ORDER BY id',
  'SELECT * FROM steps',
  'SELECT * FROM threads ORDER BY id',
  'SELECT * FROM streams ORDER BY id',
  'SELECT * FROM ranks',
  'SELECT * FROM events LIMIT 300',
  "SELECT source, count(*), sum(duration_us), percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_us) FROM events WHERE source = 'cuda' GROUP BY source",
  'SELECT type, name, sql FROM main.sqlite_schema ORDER BY name',
  'SELECT * FROM events WHERE name = "no such name"',
  'SELECT nosuch FROM events',
  'PRAGMA page_count',
];
