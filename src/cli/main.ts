import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { createNodeSession } from '../session/nodeSession.js';
import { runCli } from './program.js';
import { processTerminal } from './terminal.js';

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  version: packageJson.version,
  createSession: async () => createNodeSession(dirname(fileURLToPath(import.meta.url))),
});
