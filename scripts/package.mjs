// Makes the .vsix and checks what is in it: what users install is what the tests install.
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run, runMain, SetupError } from './setup/command.mjs';
import { thirdPartyNotices } from './package/notices.mjs';
import { namesInZip } from './package/zipNames.mjs';
import { root, setUp } from './setup.mjs';

const LIMIT_BYTES = 3_000_000;

/** Must be in the package, or it cannot open a trace. */
const WANTED = [
  'extension/LICENSE.txt',
  'extension/package.json',
  'extension/readme.md',
  'extension/dist/extension.cjs',
  'extension/dist/extension.web.cjs',
  'extension/dist/traceWorker.cjs',
  'extension/dist/queryWorker.cjs',
  'extension/dist/sql-wasm.wasm',
  'extension/dist/THIRD_PARTY_NOTICES.txt',
  'extension/dist/webview/main.js',
  'extension/dist/webview/main.css',
];

/** Everything else that may be in it; a folder ends in '/'. Sources, tests, samples and maps may not. */
const ALLOWED = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/changelog.md',
  'extension/package.nls.json',
  'extension/dist/',
  'extension/media/',
  'extension/queries/',
  'extension/schemas/',
  'extension/syntaxes/',
];

/**
 * Builds, packages and checks.
 * @returns {Promise<string>} absolute path of the .vsix
 * @throws {SetupError} where it is too large or holds what it should not
 */
export async function makeVsix() {
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const vsix = join(root, `${name}-${version}.vsix`);
  rmSync(vsix, { force: true });
  await run(process.execPath, ['scripts/build.mjs', '--minify'], { cwd: root });
  writeFileSync(join(root, 'dist', 'THIRD_PARTY_NOTICES.txt'), thirdPartyNotices(root));
  await packExtension(root, vsix);
  check(vsix, namesInZip(await readFile(vsix)));
  return vsix;
}

/**
 * Packs the extension of a folder as it lies there.
 * @param {string} folder
 * @param {string} vsix
 * @throws {SetupError}
 */
export async function packExtension(folder, vsix) {
  const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
  const flags = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
  await run(process.execPath, [vsce, 'package', '--skip-license', ...flags, '--out', vsix], {
    cwd: folder,
  });
}

function check(vsix, names) {
  const size = statSync(vsix).size;
  const missing = WANTED.filter((name) => !names.includes(name));
  const surplus = names.filter(
    (name) => name.endsWith('.map') || ![...WANTED, ...ALLOWED].some((part) => isPart(name, part)),
  );
  const faults = [
    ...(size < LIMIT_BYTES ? [] : [`it has ${size} bytes, the limit is ${LIMIT_BYTES}`]),
    ...missing.map((name) => `${name} is missing`),
    ...surplus.map((name) => `${name} should not be in it`),
  ];
  if (faults.length > 0) {
    throw new SetupError(`${vsix} is not fit to ship:\n  ${faults.join('\n  ')}`);
  }
  console.log(`${vsix}: ${names.length} files, ${(size / 1e6).toFixed(2)} MB`);
}

function isPart(name, part) {
  return part.endsWith('/') ? name.startsWith(part) : name === part;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    await setUp({ vscode: false });
    await makeVsix();
  });
}
