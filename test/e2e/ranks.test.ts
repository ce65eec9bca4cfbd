import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import type { TraceEditor } from './traceEditor.js';
import { fingerprint, openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const RANKS = 12;
const FOLDER = 'a_run';
const HOSTS = 'hosts';

/** A folder of ranks whose names say nothing of them. */
function writeRun(workspace: string): void {
  const texts = [0, 1].map((rank) =>
    gunzipSync(
      readFileSync(`test/fixtures/kineto/two-ranks.rank${rank}.pt.trace.json.gz`),
    ).toString('utf8'),
  );
  mkdirSync(join(workspace, FOLDER));
  for (let rank = 0; rank < RANKS; rank++) {
    const text = texts[rank % 2].replace(
      /("rank":\s*)\d+(,\s*"world_size":\s*)2/,
      `$1${rank}$2${RANKS}`,
    );
    const name = `host_${4700 + rank * 3}.pt.trace.json.gz`;
    writeFileSync(join(workspace, FOLDER, name), gzipSync(text));
  }
}

/** A folder that has no trace of its own, as rocprofv3 writes one a host below it. */
function writeHosts(workspace: string): void {
  const host = join(workspace, HOSTS, 'gpu-node-1');
  mkdirSync(host, { recursive: true });
  writeFileSync(join(workspace, HOSTS, 'notes.txt'), 'three hosts');
  copyFileSync('test/fixtures/e2e/hybrid.db', join(host, '4711_results.db'));
}

describe('a folder of ranks opened from the explorer', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;
  let before: string[];

  beforeAll(async () => {
    vscode = await openVsCode();
    writeRun(vscode.workspace);
    writeHosts(vscode.workspace);
    before = fingerprint(vscode.workspace);
    window = await vscode.window();
    await window.openFolder(FOLDER);
    trace = await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  const population = (text: string) =>
    trace.frame.getByTestId('population').filter({ hasText: text }).waitFor();

  it('loads eight of them, and says so beside every figure', async () => {
    await population(`8 of ${RANKS} ranks are loaded: no figure counts the others`);
    expect(await trace.figure('more-ranks')).toContain('Not loaded: rank 8, rank 9, rank 10');
  });

  it('loads two more that are chosen from the list', async () => {
    await trace.frame.getByTestId('more-ranks').getByText('Ranks…').click();
    for (const rank of ['rank 9', 'rank 11']) {
      await window.tick(rank);
    }
    await window.page.screenshot({ path: screenshotPath('ranks') });
    await window.page.keyboard.press('Enter');
    await population(`10 of ${RANKS} ranks are loaded`);
    expect(await trace.figure('more-ranks')).toContain('Not loaded: rank 8, rank 10');
    await trace.runSql('SELECT count(*), sum(loaded) FROM ranks');
    expect((await trace.queryResult(1)).cells[0].slice(-2)).toEqual([`${RANKS}`, '10']);
  });

  it('is sent to the folders within one that holds no trace itself', async () => {
    await window.openFolder(HOSTS);
    await window.page
      .getByText('Folders in it are not looked into: open gpu-node-1 itself.')
      .first()
      .waitFor();
  });

  it('finds the same ranks after the window was loaded anew', async () => {
    // VS Code in a browser writes down what is open every few seconds; a reload by its own command
    // waits for that, one by the browser does not.
    await Promise.all([
      window.page.waitForEvent('load'),
      window.command('Developer: Reload Window'),
    ]);
    trace = await window.trace('ranks are loaded'); // the view that was open is open again
    await population(`10 of ${RANKS} ranks are loaded`);
    expect(fingerprint(vscode.workspace)).toEqual(before);
  });
});
