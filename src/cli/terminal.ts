import type { Progress } from '../trace/index.js';
import { formatShare } from '../analysis/format.js';
import { visibleText } from '../analysis/visibleText.js';

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
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      process.exit(0);
    }
    throw error;
  });
  let shown = false;
  return {
    write: (text) =>
      new Promise((resolve) => {
        if (stdout.write(text)) {
          resolve();
        } else {
          stdout.once('drain', resolve);
        }
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
