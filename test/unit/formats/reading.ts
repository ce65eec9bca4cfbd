import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { bytesSource } from '../../../src/formats/bytesSource.js';
import { nodeFileSource } from '../../../src/formats/nodeFileSource.js';
import { openTrace } from '../../../src/formats/openTrace.js';
import type { FormatReader, TraceSource } from '../../../src/formats/reader.js';
import { traceReaders } from '../../../src/session/traceReaders.js';
import type { OpenEngine, SqlValue } from '../../../src/sqlite/engine.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../../src/sqlite/sqlJsEngine.js';
import { TraceOpenError, type Trace } from '../../../src/trace/index.js';

/** The readers as the sessions put them together. */
export async function readers(): Promise<readonly FormatReader[]> {
  const sqlJs = await loadNodeSqlJs();
  const openEngine: OpenEngine = async (database) => openSqlJs(sqlJs, database);
  return traceReaders(openEngine);
}

export async function openFile(file: string): Promise<Trace> {
  const source = await nodeFileSource(file);
  try {
    return await openTrace([source], await readers());
  } finally {
    await source.close();
  }
}

export async function openBytes(bytes: Uint8Array, name = 'bytes.db'): Promise<Trace> {
  return openTrace([bytesSource(`/memory/${name}`, name, bytes)], await readers());
}

/** The error a file is refused with; fails where it is opened, or refused in any other way. */
export async function refusalOf(open: Promise<unknown>): Promise<TraceOpenError> {
  try {
    await open;
  } catch (error) {
    if (error instanceof TraceOpenError) {
      return error;
    }
    throw error;
  }
  throw new Error('the file was opened');
}

/** Plain SQL over a file, past every reader: only its write-ahead mark is taken off. */
export async function plainSql(
  file: string,
  sql: string,
): Promise<readonly (readonly SqlValue[])[]> {
  const bytes = new Uint8Array(readFileSync(file));
  bytes[18] = 1;
  bytes[19] = 1;
  const engine = openSqlJs(await loadNodeSqlJs(), bytes);
  try {
    return engine.query(sql).rows;
  } finally {
    engine.close();
  }
}

/** A new database of the given statements. */
export async function makeDatabase(...statements: string[]): Promise<Uint8Array> {
  const { Database } = await loadNodeSqlJs();
  const db = new Database();
  try {
    statements.forEach((sql) => db.run(sql));
    return (db as unknown as { export(): Uint8Array }).export();
  } finally {
    db.close();
  }
}

/** A database with statements run over it. */
export async function changed(file: string, ...statements: string[]): Promise<Uint8Array> {
  const { Database } = await loadNodeSqlJs();
  const db = new Database(new Uint8Array(readFileSync(file)));
  try {
    statements.forEach((sql) => db.run(sql));
    return (db as unknown as { export(): Uint8Array }).export();
  } finally {
    db.close();
  }
}

/** Everything about a file and its folder that opening it could change. */
export function folderState(file: string): unknown {
  const folder = path.dirname(file);
  const { mtimeMs, ctimeMs, size } = statSync(file);
  return {
    names: readdirSync(folder).sort(),
    folderTime: statSync(folder).mtimeMs,
    sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
    mtimeMs,
    ctimeMs,
    size,
  };
}

/** Sum in a plain loop, for comparison with SQL's. */
export function sum(values: Float64Array, keep: (i: number) => boolean = () => true): number {
  let total = 0;
  values.forEach((value, i) => {
    total += keep(i) ? value : 0;
  });
  return total;
}

/** A source that counts what is read of it and whether it was closed. */
export function watched(inner: TraceSource): TraceSource & { readonly bytesRead: () => number } {
  let bytesRead = 0;
  return {
    ...inner,
    read: async (offset, length) => {
      const bytes = await inner.read(offset, length);
      bytesRead += bytes.length;
      return bytes;
    },
    bytesRead: () => bytesRead,
  };
}

/** Rows of the GPU table with this name. */
export function gpuRows(trace: Trace, name: string): number[] {
  const id = trace.names.find(name);
  return Array.from(trace.gpu.name.keys()).filter((i) => trace.gpu.name[i] === id);
}

/** Name of the API call that launched a GPU row, '' where there is none. */
export function launchName(trace: Trace, gpu: number): string {
  const launch = trace.gpu.launch[gpu];
  return launch < 0 ? '' : trace.names.get(trace.launches.name[launch]);
}
