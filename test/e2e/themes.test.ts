import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFaults } from './accessibility.js';
import { screenshotPath } from './screenshots.js';
import { writeStallTrace } from './stallTrace.js';
import type { TraceEditor } from './traceEditor.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const THEMES = [
  { name: 'Dark Modern', kind: 'vscode-dark' },
  { name: 'Light Modern', kind: 'vscode-light' },
  { name: 'Dark High Contrast', kind: 'vscode-high-contrast' },
  { name: 'Light High Contrast', kind: 'vscode-high-contrast-light' },
];
const WIDE = { width: 1400, height: 900 };
const NARROW = { width: 860, height: 800 };
/** Colours that are not of the ground, its lines and the names of rows. */
const LEAST_COLOURS = 6;

describe('the trace editor follows the theme', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;

  beforeAll(async () => {
    // A list of files that fit would lie over the page.
    vscode = await openVsCode({ 'layerscope.openCodeOnClick': 'never' });
    await writeStallTrace(join(vscode.workspace, 'stalls.db'), vscode.workspace);
    window = await vscode.window();
    await window.doubleClick('stalls.db');
    trace = await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  /** What a person sees one after the other, each by what is done to see it. */
  const views: Readonly<Record<string, () => Promise<void>>> = {
    layers: async () => {
      await trace.openTab('Layers');
      await trace.layerRow('MoE all-to-all').waitFor();
    },
    stalls: async () => {
      await trace.openTab('Stalls');
      await trace.stallRow('ncclDevKernel_AllToAll').waitFor();
    },
    details: async () => {
      await trace.stallRow('moe_topk_gating').focus();
      await trace.stallRow('moe_topk_gating').press(' ');
      await trace.frame.getByTestId('why-rule').waitFor();
    },
    unclassified: async () => {
      await trace.openTab('Unclassified');
      await trace.frame.getByTestId('unclassified-table').waitFor();
    },
    query: async () => {
      await trace.runSql('SELECT * FROM stalls');
      await trace.queryResult(3);
    },
  };

  for (const { name, kind } of THEMES) {
    it(`in ${name}, and can be read by everyone in every view`, async () => {
      await window.command('Preferences: Color Theme');
      await window.page.getByPlaceholder(/Color Theme/).fill(name);
      await window.choose(name);
      await window.page.setViewportSize(WIDE);
      await trace.frame.locator(`body.${kind}`).waitFor();
      for (const [view, show] of Object.entries(views)) {
        await show();
        await expect.poll(() => timelineColours(trace)).toBeGreaterThan(LEAST_COLOURS);
        await window.page.screenshot({ path: screenshotPath(`${kind}-${view}`) });
        expect(await accessibilityFaults(trace.frame), view).toEqual([]);
      }
      await trace.openTab('Layers');
      await window.page.setViewportSize(NARROW);
      await trace.layerRow('MoE all-to-all').waitFor();
      await window.page.screenshot({ path: screenshotPath(`${kind}-narrow`) });
      expect(await accessibilityFaults(trace.frame), 'narrow').toEqual([]);
    });
  }
});

/** How many colours the timeline is painted in; it is painted once its tiles have come. */
async function timelineColours(trace: TraceEditor): Promise<number> {
  return await trace.frame.locator('layerscope-timeline canvas').evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const { width, height } = canvas;
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data.buffer;
    return new Set(new Uint32Array(pixels ?? new ArrayBuffer(0))).size;
  });
}
