import { TraceOpenError, type Trace } from '../trace/index.js';
import type { FormatReader, ReadOptions, TraceSource } from './reader.js';
import { TraceRun, type RunInput } from './ranks/traceRun.js';
import type { RankChoice } from './ranks/rankChoice.js';

/**
 * Opens a trace: one file, or the files of several ranks of one run, which are put on one clock. The
 * content decides which reader takes a file, never its name. All ranks are read; `TraceRun` reads
 * some. The sources stay open: who opened them closes them.
 *
 * @throws TraceOpenError with a sentence for people, whatever the file holds
 */
export async function openTrace(
  sources: readonly TraceSource[],
  readers: readonly FormatReader[],
  options: ReadOptions = {},
): Promise<Trace> {
  const inputs = sources.map((source): RunInput => ({
    path: source.path,
    name: source.name,
    named: true,
    open: async () => ({ ...source, close: async () => undefined }),
  }));
  return (await openRun(inputs, readers, { kind: 'all' }, options)).trace;
}

/** Opens the chosen ranks of a run, and keeps the run for a later choice. @throws TraceOpenError */
export async function openRun(
  inputs: readonly RunInput[],
  readers: readonly FormatReader[],
  choice: RankChoice,
  options: ReadOptions = {},
): Promise<{ readonly run: TraceRun; readonly trace: Trace }> {
  return cancellable(options, async () => {
    const run = await TraceRun.of(inputs, readers, options);
    return { run, trace: await run.load(choice, options) };
  });
}

/** Runs what reads traces; where it was cancelled, that is the error, whatever it failed with. */
export async function cancellable<T>(options: ReadOptions, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (options.signal?.aborted === true && !(error instanceof TraceOpenError)) {
      throw new TraceOpenError('cancelled', 'Opening was cancelled.');
    }
    throw error;
  }
}
