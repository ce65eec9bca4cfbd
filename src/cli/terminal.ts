import type { Progress } from '../trace/index.js';
import { formatShare } from '../analysis/format.js';
import { visibleText } from '../analysis/visibleText.js';
import { OutputError } from './exitCodes.js';

/** Where a command writes: results to one side, everything said about them to the other. */
export interface Terminal {
  /** Resolves when the reader has room for more. */
  write(text: string): Promise<void>;
  /** One line for people, to stderr. */
  say(line: string): void;
  /** What is going on right now; nothing where stderr is no terminal. */
  progress(progress: Progress): void;
  /** Takes the progress line away. */
  progressDone(): void;
}

/** The standard streams of this process. A reader that has seen enough (`| head`) ends it quietly. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  let failure: OutputError | undefined;
  // Nobody may be waiting for a write when it fails: then the next one tells.
  let failed: (error: OutputError) => void = () => undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      process.exit(0);
    }
    failure = new OutputError(`The output cannot be written: ${error.message}`);
    failed(failure);
  });
  let shown = false;
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        failed = reject;
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        stdout.write(text, (error) => {
          // An error is told by the stream, too, which knows EPIPE.
          if (!error) {
            resolve();
          }
        });
      }),
    say(line) {
      this.progressDone();
      stderr.write(`${visibleText(line)}\n`);
    },
    progress({ stage, fraction }) {
      if (stderr.isTTY) {
        const share = fraction === undefined ? '' : ` ${formatShare(fraction)}`;
        stderr.write(`\r\x1b[2K${visibleText(stage)}${share}`);
        shown = true;
      }
    },
    progressDone() {
      if (shown) {
        stderr.write('\r\x1b[2K');
        shown = false;
      }
    },
  };
}
