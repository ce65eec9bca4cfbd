import { throwIfCancelled, TraceOpenError, type Trace } from '../trace/index.js';
import { longerThanAllStarts } from './longEvents.js';
import { mergeRanks } from './mergeRanks.js';
import { isPackedDatabase, plainDatabase } from './packedDatabase.js';
import { printable } from './printable.js';
import { probeSource } from './probe.js';
import type { FormatReader, Probe, ReadOptions, TraceSource } from './reader.js';
import { refusal } from './refusal.js';
import { filesInTar, isTar } from './tarArchive.js';
import { unpackAllowance } from './unpackAllowance.js';

/**
 * Opens a trace: one file, or the files of several ranks of one run, which are put on one clock. The
 * content decides which reader takes a file, never its name. The sources stay open: who opened them
 * closes them.
 *
 * @throws TraceOpenError with a sentence for people, whatever the file holds
 */
export async function openTrace(
  sources: readonly TraceSource[],
  readers: readonly FormatReader[],
  given: ReadOptions = {},
): Promise<Trace> {
  if (sources.length === 0) {
    throw new TraceOpenError('not-found', 'No file was given to open.');
  }
  const options = { ...given, unpacking: given.unpacking ?? unpackAllowance(sources, undefined) };
  const different = new Set(sources.map((source) => source.identity ?? source.path));
  if (different.size < sources.length) {
    throw new TraceOpenError(
      'unsupported',
      'The same file was given more than once: each rank of a run has a file of its own.',
    );
  }
  try {
    const traces: Trace[] = [];
    const files = await unpacked(sources, readers, options);
    for (const [i, probe] of files.entries()) {
      traces.push(await openOne(probe, readers, partOf(options, probe.source, i, files.length)));
    }
    throwIfCancelled(options.signal);
    return traces.length === 1 ? traces[0] : joined(traces);
  } catch (error) {
    if (options.signal?.aborted === true && !(error instanceof TraceOpenError)) {
      throw new TraceOpenError('cancelled', 'Opening was cancelled.');
    }
    throw error;
  }
}

/**
 * The files to read: an archive stands for the traces in it. What else lies in an archive (notes,
 * configurations) is no rank of a run.
 */
async function unpacked(
  sources: readonly TraceSource[],
  readers: readonly FormatReader[],
  options: ReadOptions,
): Promise<readonly Probe[]> {
  const files: Probe[] = [];
  for (const source of sources) {
    throwIfCancelled(options.signal);
    if (source.size === 0) {
      throw new TraceOpenError(
        'empty',
        `${printable(source.name)} is empty (0 bytes): the recorder was stopped before it wrote, or the copy failed.`,
      );
    }
    const probe = await probeSource(source);
    if (!isTar(probe)) {
      files.push(probe);
      continue;
    }
    const inside = await filesInTar(source, options);
    const before = files.length;
    for (const file of inside) {
      const entry = await probeSource(file);
      if (isPackedDatabase(entry) || (await readerOf(entry, readers)) !== undefined) {
        files.push(entry);
      }
    }
    if (files.length === before) {
      throw new TraceOpenError(
        'not-a-trace',
        `${printable(source.name)} is an archive, and none of the ${inside.length} files in it is a trace.`,
      );
    }
  }
  return files;
}

/** The first reader that knows the content as it is; undefined where none does. */
async function readerOf(
  probe: Probe,
  readers: readonly FormatReader[],
): Promise<FormatReader | undefined> {
  for (const reader of readers) {
    if (await reader.detect(probe)) {
      return reader;
    }
  }
  return undefined;
}

async function openOne(
  probe: Probe,
  readers: readonly FormatReader[],
  options: ReadOptions,
): Promise<Trace> {
  throwIfCancelled(options.signal);
  const { path, name, size } = probe.source;
  const plain = isPackedDatabase(probe)
    ? await probeSource(await plainDatabase(probe.source, options))
    : probe;
  const reader = await readerOf(plain, readers);
  if (reader === undefined) {
    throw await refusal(plain);
  }
  const read = await reader.read(plain.source, options);
  const warnings = [...read.report.warnings, ...longerThanAllStarts(read)];
  const trace = { ...read, report: { ...read.report, warnings } };
  return plain === probe ? trace : { ...trace, files: [{ path, name, bytes: size }] };
}

/** Progress of one of several files, as a part of the whole. */
function partOf(
  options: ReadOptions,
  source: TraceSource,
  index: number,
  count: number,
): ReadOptions {
  const { progress } = options;
  if (count === 1 || progress === undefined) {
    return options;
  }
  return {
    ...options,
    progress: ({ stage, fraction }) =>
      progress({
        stage: `${stage}: ${printable(source.name)} (${index + 1} of ${count})`,
        fraction: (index + (fraction ?? 0)) / count,
      }),
  };
}

function joined(traces: readonly Trace[]): Trace {
  const formats = new Set(traces.map((trace) => trace.format));
  if (formats.size > 1) {
    throw new TraceOpenError(
      'unsupported',
      `The files are of different formats (${traces.map((trace) => trace.formatLabel).join(', ')}): only the ranks of one run can be opened together.`,
    );
  }
  return mergeRanks([...traces]);
}
