import { NoSuchCallError } from '../analysis/callAt.js';
import { OutputPlaceError, OutputWriteError } from '../session/nodeOutputFile.js';
import { SqlError } from '../sqlite/engine.js';
import { TraceOpenError } from '../trace/index.js';

/** What the process says of its end. */
export const EXIT = {
  done: 0,
  /** a comparison or guard found what it was told to find */
  gateFailed: 1,
  /** unknown command, option or value; SQL that cannot run */
  usage: 2,
  /** the trace cannot be opened; the sentence is on stderr */
  cannotOpen: 3,
  /** the output could not be written (EX_IOERR of sysexits.h) */
  output: 74,
  /** this program is at fault (EX_SOFTWARE of sysexits.h); apart from 1, which a build reads as a gate */
  defect: 70,
} as const;

/** Something the caller wrote is wrong: a file that is no model configuration, a limit that is no number. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The results could not be written: a full disk, a closed device. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/** The exit code of a failure. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof TraceOpenError) {
    return EXIT.cannotOpen;
  }
  if (
    error instanceof UsageError ||
    error instanceof OutputPlaceError ||
    error instanceof SqlError ||
    error instanceof NoSuchCallError
  ) {
    return EXIT.usage;
  }
  return error instanceof OutputError || error instanceof OutputWriteError
    ? EXIT.output
    : EXIT.defect;
}
