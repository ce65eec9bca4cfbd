import { runCli } from '../../../src/cli/program.js';
import { createNodeSession } from '../../../src/session/nodeSession.js';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  /** what was said beside the output */
  readonly said: string;
}

/** Runs one command line over real sessions, in this process. */
export async function runInProcess(...args: string[]): Promise<CliRun> {
  let out = '';
  let said = '';
  const code = await runCli(args, {
    terminal: {
      write: async (text) => void (out += text),
      say: (line) => void (said += `${line}\n`),
      progress: () => undefined,
      progressDone: () => undefined,
    },
    version: '0',
    createSession: async () => createNodeSession(),
  });
  return { code, out, said };
}
