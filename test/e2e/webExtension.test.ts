import { copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HYBRID, HYBRID_LAYERS, shownLayers } from './hybridTrace.js';
import { policyViolations } from './policyViolations.js';
import { screenshotPath } from './screenshots.js';
import type { TraceEditor } from './traceEditor.js';
import { fingerprint, openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const TRACE = 'hybrid.db';

/** The extension as a browser runs it: its other entry, web workers, and no Node. */
describe('in the extension host of a browser', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;
  let before: string[];
  let refused: readonly string[];

  beforeAll(async () => {
    vscode = await openVsCode({ 'remote.extensionKind': { 'layerscope.layerscope': ['web'] } });
    copyFileSync(HYBRID, join(vscode.workspace, TRACE));
    before = fingerprint(vscode.workspace);
    window = await vscode.window();
    refused = await policyViolations(window.page);
    await window.doubleClick(TRACE);
    trace = await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  it('runs its other entry in the worker of that host, and the trace engine in one below it', async () => {
    const workers = await Promise.all(
      window.page.workers().map((worker) =>
        worker.evaluate(() => ({
          name: self.name,
          loaded: performance.getEntriesByType('resource').map(({ name }) => name),
        })),
      ),
    );
    const host = workers.find(({ name }) => name === 'ExtensionHostWorker');
    expect(host?.loaded.join('\n')).toMatch(/layerscope.*extension\.web\.cjs/);
    const below = workers.filter(({ name }) => name.startsWith('ExtensionHostWorker -> '));
    expect(below.length).toBeGreaterThan(0);
  });

  it('shows the layer table to the digit', async () => {
    expect(await shownLayers(trace)).toEqual(HYBRID_LAYERS);
    await window.page.screenshot({ path: screenshotPath('web-layers') });
  });

  it('answers SQL', async () => {
    await trace.runSql('SELECT layer_label, count(*) AS calls FROM calls GROUP BY 1 ORDER BY 1');
    const { cells } = await trace.queryResult(3);
    expect(cells.map((row) => row.slice(-2))).toEqual(
      HYBRID_LAYERS.map(([label, calls]) => [label, calls.replace(',', '')]),
    );
  });

  it('is refused nothing, and leaves the folder as it was', async () => {
    expect(refused).toEqual([]);
    await trace.frame.locator('body').evaluate((body) => {
      body.setAttribute('style', 'margin: 1px'); // what would have been told
    });
    await expect.poll(() => refused.length).toBeGreaterThan(0);
    expect(fingerprint(vscode.workspace)).toEqual(before);
  });

  it('underlines mistakes in files of trace SQL', async () => {
    writeFileSync(join(vscode.workspace, 'wrong.tracesql'), 'DELETE FROM events');
    await window.explorerRow('wrong.tracesql').waitFor();
    await window.doubleClick('wrong.tracesql');
    await window.page.locator('.squiggly-error').first().waitFor();
  });

  it('says of a file beyond what it can hold how large one may be, and where to go', async () => {
    const large = join(vscode.workspace, 'large.db');
    copyFileSync(HYBRID, large);
    truncateSync(large, 513 * 2 ** 20); // sparse: it takes no room
    await window.explorerRow('large.db').waitFor();
    await window.doubleClick('large.db');
    const page = await window.trace('did not open');
    const said = await page.frame.getByTestId('open-error').innerText();
    expect(said).toMatch(/^large\.db has 538 MB\..* up to 537 MB can be opened\..* Remote-SSH\.$/);
    await window.page.screenshot({ path: screenshotPath('web-too-large') });
  });
});
