import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { EXIT, exitCodeOf, OutputError } from '../../../src/cli/exitCodes.js';
import { processTerminal } from '../../../src/cli/terminal.js';

/** A terminal over other streams than those of the test run. */
function terminalOver(stdout: Writable, stderr: Writable): ReturnType<typeof processTerminal> {
  const out = vi.spyOn(process, 'stdout', 'get').mockReturnValue(stdout as typeof process.stdout);
  const err = vi.spyOn(process, 'stderr', 'get').mockReturnValue(stderr as typeof process.stderr);
  try {
    return processTerminal();
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('output that cannot be written', () => {
  it('ends with a sentence and a code that no gate uses', async () => {
    const full = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('ENOSPC: no space left on device')),
    });
    const terminal = terminalOver(full, new PassThrough());
    const failure = await terminal.write('rows').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OutputError);
    expect((failure as Error).message).toBe(
      'The output cannot be written: ENOSPC: no space left on device',
    );
    expect(exitCodeOf(failure)).toBe(EXIT.output);
    // What is written next fails as well.
    await expect(terminal.write('more')).rejects.toBe(failure);
  });
});

describe('progress', () => {
  it('is written to a terminal only', () => {
    const pipe = new PassThrough();
    const piped = terminalOver(new PassThrough(), pipe);
    piped.progress({ stage: 'Reading events', fraction: 0.5 });
    piped.progressDone();
    expect(pipe.read()).toBeNull();

    const tty = Object.assign(new PassThrough(), { isTTY: true });
    const shown = terminalOver(new PassThrough(), tty);
    shown.progress({ stage: 'Reading \x1b[31mevents', fraction: 0.5 });
    expect(String(tty.read())).toBe('\r\x1b[2KReading \\x1b[31mevents 50 %');
  });
});
