import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const THEMES = [
  { name: 'Dark Modern', kind: 'vscode-dark' },
  { name: 'Light Modern', kind: 'vscode-light' },
  { name: 'Default High Contrast', kind: 'vscode-high-contrast' },
];
const SIZES = [
  { width: 1400, height: 900 },
  { width: 900, height: 800 },
];

describe('the trace editor follows the theme', () => {
  let vscode: VsCode;
  let window: Workbench;

  beforeAll(async () => {
    vscode = await openVsCode();
    copyFileSync(resolve('test/fixtures/e2e/hybrid.db'), join(vscode.workspace, 'hybrid.db'));
    window = await vscode.window();
    await window.doubleClick('hybrid.db');
    await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  for (const { name, kind } of THEMES) {
    it(`in ${name}`, async () => {
      vscode.setUserSettings({ 'workbench.colorTheme': name });
      await window.page.reload();
      const trace = await window.trace('MoE all-to-all');
      const body = trace.frame.locator(`body.${kind}`);
      await body.waitFor();
      const colours = await body.evaluate((element) => {
        const { backgroundColor, color } = getComputedStyle(element);
        return { background: backgroundColor, text: color };
      });
      expect(contrast(colours.background, colours.text)).toBeGreaterThan(4.5);
      for (const size of SIZES) {
        await window.page.setViewportSize(size);
        await trace.layerRow('MoE all-to-all').waitFor();
        // The timeline is a canvas that is drawn after its tiles have come.
        await window.page.waitForTimeout(1500);
        await window.page.screenshot({ path: screenshotPath(`${kind}-${size.width}`) });
      }
    });
  }
});

/** Contrast ratio of two CSS colours as in WCAG 2.1; both opaque. */
function contrast(background: string, text: string): number {
  const [a, b] = [luminance(background), luminance(text)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: string): number {
  const channels = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((channel) => {
    const value = Number(channel) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
}
