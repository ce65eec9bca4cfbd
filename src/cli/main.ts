import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { createNodeSession } from '../session/nodeSession.js';
import { runCli } from './program.js';
import { processTerminal } from './terminal.js';

const exitCode = await runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  version: packageJson.version,
  createSession: async () => createNodeSession(dirname(fileURLToPath(import.meta.url))),
});
// Everything is written by now. Left to end by itself, Node 20.20 waits for threads that still compile
// WebAssembly, and now and then for ever: 6 of 30 runs over a small Nsight Systems export, of which
// ending here leaves 1 of 30.
process.exit(exitCode);
