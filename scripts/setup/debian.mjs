// Programs and libraries of the system that a real VS Code and its browser need, by apt-get.
import { existsSync } from 'node:fs';
import { answerOf, run, SetupError } from './command.mjs';

/** What to look for, and the package that brings it. */
const NEEDED = [
  { package: 'chromium', isThere: () => browserPath() !== undefined },
  { package: 'fonts-dejavu-core', isThere: () => isInstalled('fonts-dejavu-core') },
  { package: 'fonts-liberation', isThere: () => isInstalled('fonts-liberation') },
];

/** Needed only while VS Code's native parts are compiled. */
const NEEDED_TO_COMPILE = [
  { package: 'libkrb5-dev', isThere: () => existsSync('/usr/include/gssapi/gssapi.h') },
  { package: 'g++', isThere: () => isOnPath('g++') },
  { package: 'make', isThere: () => isOnPath('make') },
  { package: 'pkg-config', isThere: () => isOnPath('pkg-config') },
  { package: 'python3', isThere: () => isOnPath('python3') },
];

/** The browser that drives VS Code: `LAYERSCOPE_CHROMIUM`, else Debian's; undefined where none is. */
export function browserPath() {
  const candidates = [process.env.LAYERSCOPE_CHROMIUM, '/usr/bin/chromium'];
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
}

/**
 * Installs what is missing, as root or through sudo.
 * @param {{ toCompile: boolean }} purpose
 * @returns {Promise<void>}
 * @throws {SetupError} naming the packages, where this user may not install them
 */
export async function installSystemPackages({ toCompile }) {
  const missing = [...NEEDED, ...(toCompile ? NEEDED_TO_COMPILE : [])]
    .filter((item) => !item.isThere())
    .map((item) => item.package);
  if (missing.length === 0) {
    return;
  }
  const list = missing.join(' ');
  if (!isOnPath('apt-get')) {
    throw new SetupError(
      `This system has no apt-get. Please install what these Debian packages bring: ${list}. ` +
        'A browser elsewhere than /usr/bin/chromium is named by LAYERSCOPE_CHROMIUM.',
    );
  }
  const asRoot = rootPrefix();
  if (asRoot === undefined) {
    throw new SetupError(
      `Please ask an administrator to run \`apt-get install ${list}\`: they are missing, and this ` +
        'user may not install them (neither root nor sudo without a password).',
    );
  }
  console.log(`Installing system packages by apt-get (one to three minutes): ${list} ...`);
  const [program, ...prefix] = [...asRoot, 'apt-get'];
  await run(program, [...prefix, 'update', '-qq']);
  await run(program, [...prefix, 'install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function rootPrefix() {
  if (process.getuid?.() === 0) {
    return [];
  }
  // On a terminal sudo may ask for the password; without one it must not hang.
  if (isOnPath('sudo') && (process.stdin.isTTY || answerOf('sudo', ['-n', 'true']) !== undefined)) {
    return ['sudo', '--preserve-env=DEBIAN_FRONTEND'];
  }
  return undefined;
}

function isInstalled(name) {
  return answerOf('dpkg-query', ['-W', '-f=${Status}', name]) === 'install ok installed';
}

function isOnPath(program) {
  return answerOf('sh', ['-c', `command -v ${program}`]) !== undefined;
}
