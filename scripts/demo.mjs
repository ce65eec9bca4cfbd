// `npm run demo`: sets up, builds, prints the layer table of the sample trace here, and serves a real
// VS Code in which that trace is open.
//
//   --check          for tests: open the address in a browser, wait for the layer table, then end
//   --port NUMBER    instead of the first free port from 18200
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeVsix, packExtension } from './package.mjs';
import { run, runMain, SetupError } from './setup/command.mjs';
import { installVsCode } from './setup/vscode.mjs';
import { root, setUp } from './setup.mjs';
import { startVsCode } from './vscode/server.mjs';

/** A label that only a layer table of the sample has. */
const SHOWN = 'MoE all-to-all';

await runMain(async () => {
  const { check, port } = parseArgs({
    options: { check: { type: 'boolean', default: false }, port: { type: 'string' } },
  }).values;

  await setUp();
  const install = await installVsCode();
  const vsix = await makeVsix();

  const ranks = sampleFiles();
  console.log(`\nlayerscope decompose ${ranks.map((name) => `samples/${name}`).join(' ')}\n`);
  await run(process.execPath, [
    join(root, 'dist', 'cli.js'),
    'decompose',
    ...ranks.map((name) => join(root, 'samples', name)),
  ]);

  console.log('\nStarting VS Code, about 15 seconds ...');
  const folder = mkdtempSync(join(tmpdir(), 'layerscope-demo-'));
  const workspace = demoWorkspace(folder);
  const opener = join(folder, 'opener.vsix');
  await packExtension(join(root, 'scripts', 'demo', 'opener'), opener);
  const server = await startVsCode({
    install,
    extensions: [vsix, opener],
    env: { LAYERSCOPE_DEMO_FILE: join(workspace, ranks[0]) },
    ...(port === undefined ? {} : { port: Number(port) }),
  });
  const cleanUp = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const url = server.url(workspace);
  if (check) {
    try {
      return await lookAt(url);
    } finally {
      await cleanUp();
    }
  }
  const interrupted = untilInterrupted();
  console.log('Runs until Ctrl-C. On another machine than yours, forward the port first.');
  console.log(`\nOpen this in a browser:\n${url}`);
  await interrupted;
  console.log('\nStopping VS Code.');
  await cleanUp();
});

function sampleFiles() {
  const folder = join(root, 'samples');
  const files = readdirSync(folder)
    .filter((name) => /rank\d+\.pt\.trace\.json\.gz$/.test(name))
    .sort();
  if (files.length === 0) {
    throw new SetupError(`${folder} holds no sample trace (*.rank0.pt.trace.json.gz).`);
  }
  return files;
}

/** The samples in a folder that may be looked at and changed without touching the clone. */
function demoWorkspace(folder) {
  const workspace = join(folder, 'nemotron-h');
  cpSync(join(root, 'samples'), workspace, { recursive: true });
  mkdirSync(join(workspace, '.vscode'), { recursive: true });
  writeFileSync(
    join(workspace, '.vscode', 'settings.json'),
    JSON.stringify({ 'layerscope.openRanksTogether': 'always' }, null, 2),
  );
  return workspace;
}

function untilInterrupted() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, resolve);
    }
  });
}

async function lookAt(url) {
  // Only now: the library is among the packages that the set-up has installed.
  const { frameShowing, startBrowser } = await import('./vscode/browser.mjs');
  const browser = await startBrowser();
  const screenshot = join(root, 'test-results', 'demo.png');
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(url);
    try {
      await frameShowing(page, SHOWN, 90_000);
    } finally {
      await page.screenshot({ path: screenshot });
    }
    console.log(`The trace is open and its layer table shows "${SHOWN}": ${screenshot}`);
    return 0;
  } finally {
    await browser.close();
  }
}
