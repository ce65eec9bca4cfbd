// Brings a machine that has Node, npm and Debian's apt to where everything of this project runs.
// Safe to run again at any time: what is there is left alone, what was interrupted is begun anew.
//
//   node scripts/setup.mjs            the project's packages and a real VS Code for demo and tests
//   node scripts/setup.mjs --no-vscode   only the project's packages
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runMain } from './setup/command.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { installVsCode } from './setup/vscode.mjs';

/** The project's folder, wherever a script is started from. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {{ vscode?: boolean }} [what]
 * @returns {Promise<void>}
 * @throws {import('./setup/command.mjs').SetupError}
 */
export async function setUp({ vscode = true } = {}) {
  await installDependencies(root);
  if (vscode) {
    await installVsCode();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    await setUp({ vscode: !process.argv.includes('--no-vscode') });
    console.log('Everything is in place.');
  });
}
