// The project's own packages: `npm ci`, only when what is installed is not what the lock file says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';

/**
 * @param {string} root the project's folder
 * @returns {Promise<void>}
 */
export async function installDependencies(root) {
  if (isInstalled(root)) {
    return;
  }
  console.log('Installing the packages of package-lock.json (npm ci, about a minute) ...');
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
}

/**
 * npm writes `node_modules/.package-lock.json` last, so an interrupted install has none. Packages
 * for another system are optional and may be absent.
 */
function isInstalled(root) {
  const installedPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) {
    return false;
  }
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      (installed[path] === undefined
        ? entry.optional === true || entry.devOptional === true
        : installed[path].version === entry.version),
  );
}
