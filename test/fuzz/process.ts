import { bytesSource } from '../../src/formats/bytesSource.js';
import { openTrace } from '../../src/formats/openTrace.js';
import { traceReaders } from '../../src/session/traceReaders.js';
import { loadNodeSqlJs } from '../../src/sqlite/nodeSqlJs.js';
import { openSqlJs } from '../../src/sqlite/sqlJsEngine.js';
import { TraceOpenError, type Trace } from '../../src/trace/index.js';
import { mutate } from './mutations.js';
import { ORIGINALS } from './originals.js';
import { seededFor } from './random.js';
import { sentenceProblems, unsoundParts } from './soundness.js';

const sqlJs = await loadNodeSqlJs();
const readers = traceReaders(async (database) => openSqlJs(sqlJs, database));
const whole = new Map<string, { readonly bytes: Uint8Array; readonly trace: Trace }>();

const open = (file: string, bytes: Uint8Array): Promise<Trace> =>
  openTrace([bytesSource(`/memory/${file}`, file, bytes)], readers);

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
  const entry = { bytes, trace: await open(file, bytes) };
  const problems = unsoundParts(entry.trace);
  if (problems.length > 0) {
    throw new Error(`${file} itself: ${problems.join('; ')}`);
  }
  whole.set(file, entry);
  return entry;
}

/** What opening these bytes did that it must not do; none = a sound trace or a sentence. */
async function problemsOf(file: string, bytes: Uint8Array, before: Trace): Promise<string[]> {
  try {
    const trace = await open(file, bytes);
    const { rowsInFile, rowsRead, skipped, warnings } = trace.report;
    const silent = skipped.length === 0 && warnings.length === 0;
    const fewer = rowsInFile === before.report.rowsInFile && rowsRead < before.report.rowsRead;
    return [
      ...unsoundParts(trace),
      ...(silent && fewer ? ['rows are missing without a word'] : []),
    ];
  } catch (error) {
    if (error instanceof TraceOpenError) {
      return sentenceProblems(`refused as '${error.code}'`, error.message);
    }
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

process.on('message', ({ file, seed }: { file: string; seed: number }) => {
  void (async () => {
    const { bytes, trace } = await originalOf(file);
    const mutant = mutate(bytes, seededFor(file, seed), sqlJs);
    process.send?.({ mutation: mutant.mutation });
    process.send?.({ problems: await problemsOf(file, mutant.bytes, trace) });
  })();
});
process.send?.({ files: ORIGINALS.map(({ file }) => file) });
