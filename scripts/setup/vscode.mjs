// A real VS Code served to a browser: code-server, in the cache folder, once for all clones.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { answerOf, run, SetupError } from './command.mjs';
import { installSystemPackages } from './debian.mjs';
import { withLock } from './lock.mjs';

/** code-server carries VS Code 1.139.1 and wants Node 24, whatever Node runs this script. */
const CODE_SERVER = '4.139.1';
const NODE = '24.21.0';

/** Native parts that are compiled at the end of the install: all there means it came to its end. */
const NATIVE_PARTS = ['@vscode/spdlog', '@vscode/native-watchdog', 'node-pty', 'kerberos'];

/**
 * @typedef {object} VsCodeInstall
 * @property {string} node path of the Node 24 binary
 * @property {string} entry path of code-server's entry script
 */

/**
 * The installed VS Code, installing it first where it is missing or an install was interrupted.
 * @returns {Promise<VsCodeInstall>}
 * @throws {SetupError}
 */
export async function installVsCode() {
  const nodePackage = nodePackageName();
  const folder = join(cacheFolder(), 'vscode');
  const install = {
    node: join(folder, 'node_modules', nodePackage, 'bin', 'node'),
    entry: join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
  };
  if (isMarked(folder)) {
    await installSystemPackages({ toCompile: false });
    return install;
  }
  await withLock(join(cacheFolder(), 'vscode.lock'), async () => {
    if (isMarked(folder)) {
      return; // another run has installed it while this one waited
    }
    if (isWhole(install)) {
      mark(folder);
      return;
    }
    await installSystemPackages({ toCompile: true });
    console.log(
      `Installing VS Code ${CODE_SERVER} (code-server) into ${folder}: 800 MB, its native parts are ` +
        'compiled, four to eight minutes, once ...',
    );
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      `${JSON.stringify({ name: 'layerscope-vscode', version: '1.0.0', private: true })}\n`,
    );
    await npmInstall(folder, `${nodePackage}@${NODE}`, process.env);
    await npmInstall(folder, `code-server@${CODE_SERVER}`, compileEnvironment(install.node));
    if (!isWhole(install)) {
      throw new SetupError(
        `VS Code was installed into ${folder}, but its native parts cannot be loaded. The output ` +
          'above says what failed to compile; run this again when it is mended.',
      );
    }
    mark(folder);
  });
  await installSystemPackages({ toCompile: false });
  return install;
}

function nodePackageName() {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new SetupError(
      'The VS Code in a browser that the demo and the tests use runs on Linux, x64 or arm64. ' +
        `This is ${process.platform} ${process.arch}: \`npm run package\` makes a .vsix to install ` +
        'into your own VS Code.',
    );
  }
  return `node-linux-${process.arch}`;
}

function npmInstall(folder, what, env) {
  // Compilers run for minutes: their output shows that something happens.
  const args = ['install', '--save-exact', '--no-audit', '--no-fund', '--foreground-scripts', what];
  return run('npm', args, { cwd: folder, env });
}

/** What an npm that runs this script says of its own Node; code-server believes it before the path. */
const OF_OTHER_NODE = ['npm_config_user_agent', 'npm_node_execpath', 'NODE'];

/** Node 24 first on the path, and its own headers, so that nothing has to be downloaded to compile. */
function compileEnvironment(node) {
  const own = Object.entries(process.env).filter(([name]) => !OF_OTHER_NODE.includes(name));
  return {
    ...Object.fromEntries(own),
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    npm_config_nodedir: dirname(dirname(node)),
  };
}

function markerPath(folder) {
  return join(folder, '.layerscope-installed.json');
}

function isMarked(folder) {
  const path = markerPath(folder);
  if (!existsSync(path)) {
    return false;
  }
  const marker = JSON.parse(readFileSync(path, 'utf8'));
  return marker.codeServer === CODE_SERVER && marker.node === NODE;
}

function mark(folder) {
  writeFileSync(
    markerPath(folder),
    `${JSON.stringify({ codeServer: CODE_SERVER, node: NODE, arch: process.arch })}\n`,
  );
}

/** The right versions, and every native part loads under the Node that will run it. */
function isWhole({ node, entry }) {
  if (!existsSync(node) || !existsSync(entry) || answerOf(node, ['--version']) !== `v${NODE}`) {
    return false;
  }
  const codeServer = dirname(dirname(dirname(entry)));
  const { version } = JSON.parse(readFileSync(join(codeServer, 'package.json'), 'utf8'));
  const load = NATIVE_PARTS.map((name) => `require(${JSON.stringify(name)});`).join('');
  return (
    version === CODE_SERVER &&
    answerOf(node, ['-e', load], { cwd: join(codeServer, 'lib', 'vscode') }) !== undefined
  );
}
