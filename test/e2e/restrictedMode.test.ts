import { copyFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import { writeUnknownKernels } from './unknownKernels.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';

describe('a folder that is not trusted', () => {
  let vscode: VsCode;

  beforeAll(async () => {
    vscode = await openVsCode({
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'never',
    });
    copyFileSync(resolve('test/fixtures/e2e/hybrid.db'), join(vscode.workspace, 'hybrid.db'));
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  it('still opens its traces', async () => {
    const window = await vscode.window();
    await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await window.doubleClick('hybrid.db');
    const trace = await window.trace('MoE all-to-all');
    expect(await trace.figure('overall-calls')).toBe('6,400');
    await window.page.screenshot({ path: screenshotPath('restricted') });
  });

  it('is not written to: a rule is drafted in an untitled document', async () => {
    await writeUnknownKernels(join(vscode.workspace, 'wobble.db'));
    const window = await vscode.window();
    await window.doubleClick('wobble.db');
    const trace = await window.trace('unclassified');
    await window.command('Layerscope: Show Unclassified');
    await trace.frame.getByRole('button', { name: 'Make a rule' }).first().click();
    await window.page.locator('.tab.active[data-resource-name^="Untitled"]').first().waitFor();
    expect(await trace.figure('notice')).toContain('This workspace is in restricted mode.');
    expect(existsSync(join(vscode.workspace, '.layerscope'))).toBe(false);
  });
});
