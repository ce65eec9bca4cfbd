import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';

describe('by the keyboard alone', () => {
  let vscode: VsCode;

  beforeAll(async () => {
    vscode = await openVsCode();
    copyFileSync(resolve('test/fixtures/e2e/hybrid.db'), join(vscode.workspace, 'hybrid.db'));
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  it('opens a trace, walks its table and narrows the stalls to a layer type', async () => {
    const window = await vscode.window();
    const { keyboard } = window.page;
    await keyboard.press('Control+P');
    await keyboard.type('hybrid.db');
    await window.choices();
    await keyboard.press('Enter');
    const trace = await window.trace('MoE all-to-all');

    const row = trace.frame.locator('tr:focus');
    for (let presses = 0; (await row.count()) === 0 && presses < 60; presses++) {
      await keyboard.press('Tab');
    }
    expect(await row.count()).toBe(1);
    const first = await row.getAttribute('data-key');
    await keyboard.press('ArrowDown');
    await expect.poll(() => row.getAttribute('data-key')).not.toBe(first);
    await keyboard.press('ArrowUp');
    await expect.poll(() => row.getAttribute('data-key')).toBe(first);
    await keyboard.press('Enter');
    await trace.frame.getByTestId('filter-chip').waitFor();
    await window.page.screenshot({ path: screenshotPath('keyboard') });
  });
});
