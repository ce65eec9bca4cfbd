import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bytesSource } from '../../src/formats/bytesSource.js';
import { nodeFileSource } from '../../src/formats/nodeFileSource.js';
import { openTrace } from '../../src/formats/openTrace.js';
import { traceReaders } from '../../src/session/traceReaders.js';
import { loadNodeSqlJs } from '../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../src/sqlite/sqlJsEngine.js';
import { TraceOpenError, type Trace } from '../../src/trace/index.js';
import { folderState } from '../unit/formats/reading.js';
import { mutate } from './mutations.js';
import { ORIGINALS } from './originals.js';
import { seededFor } from './random.js';
import { sentenceProblems, unsoundParts } from './soundness.js';

const sqlJs = await loadNodeSqlJs();
const readers = traceReaders(async (database) => openSqlJs(sqlJs, database));
const whole = new Map<string, Whole & { readonly trace: Trace }>();

const folder = mkdtempSync(path.join(tmpdir(), 'layerscope-mutant-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

/** A file, or a mutant of it, with its log. */
interface Whole {
  readonly bytes: Uint8Array;
  readonly log: Uint8Array | undefined;
}

const open = (file: string, { bytes, log }: Whole): Promise<Trace> => {
  const beside = new Map(log === undefined ? [] : [['-wal', log] as const]);
  return openTrace([bytesSource(`/memory/${file}`, path.basename(file), bytes, beside)], readers);
};

async function originalOf(file: string) {
  const known = whole.get(file);
  if (known !== undefined) {
    return known;
  }
  const original = ORIGINALS.find((one) => one.file === file);
  if (original === undefined) {
    throw new Error(`there is no ${file} among the files`);
  }
  const bytes = original.bytes();
  const log = original.log?.();
  const entry = { bytes, log, trace: await open(file, { bytes, log }) };
  const problems = unsoundParts(entry.trace);
  if (problems.length > 0) {
    throw new Error(`${file} itself: ${problems.join('; ')}`);
  }
  whole.set(file, entry);
  return entry;
}

/** What opening did that it must not do; none = a sound trace or a sentence. */
async function problemsOf(opening: Promise<Trace>, cut: boolean, before: Trace): Promise<string[]> {
  try {
    const trace = await opening;
    const { rowsInFile, rowsRead, skipped, warnings } = trace.report;
    const silent = skipped.length === 0 && warnings.length === 0;
    const fewer = rowsInFile === before.report.rowsInFile && rowsRead < before.report.rowsRead;
    const lost = cut && rowsRead < before.report.rowsRead && warnings.length === 0;
    return [
      ...unsoundParts(trace),
      ...(silent && fewer ? ['rows are missing without a word'] : []),
      ...(lost ? ['rows behind the cut are missing without a warning'] : []),
    ];
  } catch (error) {
    if (error instanceof TraceOpenError) {
      return sentenceProblems(`refused as '${error.code}'`, error.message);
    }
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

/** The same, from a folder, whose files may not change and which may get no others. */
async function problemsOnDisk(file: string, { bytes, log }: Whole, cut: boolean, before: Trace) {
  const target = path.join(folder, path.basename(file));
  writeFileSync(target, bytes);
  if (log !== undefined) {
    writeFileSync(`${target}-wal`, log);
  }
  try {
    const state = JSON.stringify(folderState(target));
    const source = await nodeFileSource(target);
    const problems = await problemsOf(openTrace([source], readers), cut, before);
    await source.close();
    return JSON.stringify(folderState(target)) === state
      ? problems
      : [...problems, 'the file or its folder changed'];
  } finally {
    rmSync(target);
    rmSync(`${target}-wal`, { force: true });
  }
}

/** One mutant in so many is opened from a file. */
const ON_DISK = 5;

process.on('message', ({ file, seed }: { file: string; seed: number }) => {
  void (async () => {
    const { bytes, log, trace } = await originalOf(file);
    const random = seededFor(file, seed);
    const ofLog = log !== undefined && seed % 2 === 1;
    const { mutation, cut, ...changed } = mutate(ofLog ? log : bytes, random, sqlJs);
    process.send?.({ mutation: ofLog ? `in the log: ${mutation}` : mutation });
    const mutant = ofLog ? { bytes, log: changed.bytes } : { bytes: changed.bytes, log };
    // A log ends where its last commit does: one that is cut, or cannot be read, is an older state.
    const isCut = cut === true && !ofLog;
    const problems =
      seed % ON_DISK === 0 && changed.bytes.length > 0
        ? await problemsOnDisk(file, mutant, isCut, trace)
        : await problemsOf(open(file, mutant), isCut, trace);
    process.send?.({ problems });
  })();
});
process.send?.({ files: ORIGINALS.map(({ file }) => file) });
