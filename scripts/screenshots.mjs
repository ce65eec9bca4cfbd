// `npm run screenshots`: takes the pictures of the README from a real VS Code with real traces, into
// media/screenshots. Look at them before you commit them.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeVsix } from './package.mjs';
import { runMain } from './setup/command.mjs';
import { installVsCode } from './setup/vscode.mjs';
import { root, setUp } from './setup.mjs';
import { startVsCode } from './vscode/server.mjs';

const FOLDER = join(root, 'media', 'screenshots');
const SIZE = { width: 1440, height: 900 };

/** What a picture shows: a file, what is done with it, and a row to wait for where it is another view. */
const PICTURES = [
  { name: 'article-layers', file: 'hybrid.db', command: 'Decompose by Layer Type' },
  { name: 'sample-layers', file: 'nemotron_h_ep2', command: 'Decompose by Layer Type' },
  { name: 'sample-stalls', file: 'nemotron_h_ep2', command: 'Show Stalls' },
  { name: 'graph-layers', file: 'qwen3_next', command: 'Decompose by Layer', ready: 'Layer 11' },
];

await runMain(async () => {
  await setUp();
  const install = await installVsCode();
  const vsix = await makeVsix();
  const { startBrowser } = await import('./vscode/browser.mjs');

  const folder = mkdtempSync(join(tmpdir(), 'layerscope-pictures-'));
  const workspace = join(folder, 'traces');
  cpSync(join(root, 'samples'), workspace, { recursive: true });
  copyFileSync(join(root, 'test', 'fixtures', 'e2e', 'hybrid.db'), join(workspace, 'hybrid.db'));
  const server = await startVsCode({
    install,
    extensions: [vsix],
    settings: { 'layerscope.openRanksTogether': 'always', 'workbench.sideBar.location': 'left' },
  });
  const browser = await startBrowser();
  try {
    mkdirSync(FOLDER, { recursive: true });
    for (const picture of PICTURES) {
      const context = await browser.newContext({ viewport: SIZE });
      const page = await context.newPage();
      await page.goto(server.url(workspace));
      await take(page, workspace, picture);
      await context.close();
    }
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function take(page, workspace, { name, file, command, ready }) {
  const { frameShowing, runCommand, workbenchReady } = await import('./vscode/browser.mjs');
  await workbenchReady(page);
  const opened = readdirSync(workspace)
    .sort()
    .find((entry) => entry.startsWith(file) && !entry.endsWith('.config.json'));
  await page
    .locator('.explorer-folders-view .monaco-list-row')
    .filter({ hasText: opened })
    .dblclick();
  const trace = await frameShowing(page, ready ? 'Linear attention' : 'MoE all-to-all', 60_000);
  await runCommand(page, `Layerscope: ${command}`);
  if (command === 'Show Stalls') {
    await trace.getByTestId('stall-table').locator('tbody tr').first().click();
    await trace.getByTestId('details').waitFor();
  }
  // The timeline is drawn when its tiles have come, and hovering hints have gone.
  await page.mouse.move(SIZE.width - 1, SIZE.height - 1);
  await page.waitForTimeout(2500);
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  console.log(path);
}
