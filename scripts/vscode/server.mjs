// Starts and stops a real VS Code (code-server) for the demo, the screenshots and the e2e tests. Every
// server has folders of its own, so none sees the settings or the windows of another.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { answerOf, SetupError } from '../setup/command.mjs';

/** Ports that are tried in order; the first that nobody listens on is taken. */
const PORTS = { first: 18200, last: 18299 };

/** A quiet workbench: only what a trace needs is on the screen. */
export const QUIET_SETTINGS = {
  'security.workspace.trust.enabled': false,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.colorTheme': 'Dark Modern',
  'window.commandCenter': false,
  'extensions.ignoreRecommendations': true,
  'extensions.autoUpdate': false,
  'git.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
};

/**
 * @typedef {object} VsCodeServer
 * @property {string} origin "http://127.0.0.1:PORT"
 * @property {(folder: string) => string} url address of a window on a folder (an absolute path)
 * @property {string} userData folder of settings and state
 * @property {string} logFile what the server prints
 * @property {() => Promise<void>} stop ends the server and removes its folders
 */

/**
 * @param {object} options
 * @param {import('../setup/vscode.mjs').VsCodeInstall} options.install
 * @param {readonly string[]} options.extensions absolute paths of the .vsix files to install
 * @param {Readonly<Record<string, unknown>>} [options.settings] user settings over QUIET_SETTINGS
 * @param {Readonly<Record<string, string>>} [options.env] variables the extensions see
 * @param {number} [options.port] instead of the first free one
 * @returns {Promise<VsCodeServer>}
 * @throws {SetupError} where it does not come up within a minute; names the log
 */
export async function startVsCode({ install, extensions, settings = {}, env: extra = {}, port }) {
  const folder = mkdtempSync(join(tmpdir(), 'layerscope-vscode-'));
  const userData = join(folder, 'user');
  const logFile = join(folder, 'server.log');
  mkdirSync(join(userData, 'User'), { recursive: true });
  writeFileSync(
    join(userData, 'User', 'settings.json'),
    JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2),
  );
  const shared = [
    install.entry,
    ...['--user-data-dir', userData],
    ...['--extensions-dir', join(folder, 'extensions')],
    ...['--config', join(folder, 'config.yaml')],
  ];
  const env = { ...ownEnvironment(), ...extra };
  for (const vsix of extensions) {
    if (answerOf(install.node, [...shared, '--install-extension', vsix], { env }) === undefined) {
      throw new SetupError(`VS Code does not accept ${vsix} as an extension.`);
    }
  }

  const chosen = port ?? (await freePort());
  const child = spawn(
    install.node,
    [
      ...shared,
      ...['--auth', 'none', '--bind-addr', `127.0.0.1:${chosen}`],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ],
    // A group of its own: it starts an extension host and watchers, and all of them have to end.
    { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // A run that ends without `stop` must not leave a server behind.
  const killGroup = () => endGroup(child, 'SIGKILL');
  process.once('exit', killGroup);

  const origin = `http://127.0.0.1:${chosen}`;
  const stop = async () => {
    process.removeListener('exit', killGroup);
    endGroup(child, 'SIGTERM');
    if ((await Promise.race([ended, wait(5000, 'late')])) === 'late') {
      endGroup(child, 'SIGKILL');
      await ended;
    }
    log.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  if (!(await comesUp(origin, child))) {
    endGroup(child, 'SIGKILL');
    throw new SetupError(`VS Code does not come up on ${origin}; see ${logFile}`);
  }
  const url = (where) => `${origin}/?folder=${encodeURIComponent(where).replaceAll('%2F', '/')}`;
  return { origin, userData, logFile, stop, url };
}

async function comesUp(origin, child) {
  const end = Date.now() + 60_000;
  while (Date.now() < end && child.exitCode === null) {
    const ok = await fetch(`${origin}/healthz`).then(
      (answer) => answer.ok,
      () => false, // refused while it is still starting
    );
    if (ok) {
      return true;
    }
    await wait(200);
  }
  return false;
}

function endGroup(child, signal) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') {
      throw error;
    }
  }
}

/** Without what a terminal inside VS Code sets: code-server would hand over to that window and end. */
function ownEnvironment() {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|CODE_SERVER_|NODE_OPTIONS$|PORT$)/.test(name),
  );
  return Object.fromEntries(entries);
}

async function freePort() {
  for (let port = PORTS.first; port <= PORTS.last; port++) {
    if (await isFree(port)) {
      return port;
    }
  }
  throw new SetupError(`All ports from ${PORTS.first} to ${PORTS.last} are taken.`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
