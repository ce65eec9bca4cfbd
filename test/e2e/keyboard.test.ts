import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tabOn } from './focusWalk.js';
import { screenshotPath } from './screenshots.js';
import type { TraceEditor } from './traceEditor.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

describe('by the keyboard alone', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;

  beforeAll(async () => {
    vscode = await openVsCode();
    copyFileSync(resolve('test/fixtures/e2e/hybrid.db'), join(vscode.workspace, 'hybrid.db'));
    window = await vscode.window();
    const { keyboard } = window.page;
    await keyboard.press('Control+P');
    await keyboard.type('hybrid.db');
    await window.choices();
    await keyboard.press('Enter');
    trace = await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  /** The focus leaves the page and comes back to its beginning, as the workbench gives it. */
  const enter = async () => {
    await tabOn(trace.frame);
    await window.page.keyboard.press('Control+1');
    const atBeginning = () =>
      trace.frame.evaluate(
        () => document.hasFocus() && document.activeElement?.localName === 'body',
      );
    await expect.poll(atBeginning).toBe(true);
  };

  it('walks through all of the page with a focus that is seen, and comes out of it', async () => {
    const stops = await tabOn(trace.frame);
    expect(stops.filter(({ visible }) => !visible)).toEqual([]);
    const parts = [...new Set(stops.map(({ at }) => at))];
    const inOrder = [
      'layerscope-contrast summary',
      'layerscope-app tab',
      'layerscope-layers tr',
      'layerscope-app separator',
      'layerscope-timeline application',
    ];
    expect(parts.filter((part) => inOrder.includes(part))).toEqual(inOrder);
    expect(stops.filter(({ name }) => name === '').map(({ at }) => at)).toEqual([]);
  });

  it('walks its table and narrows the stalls to a layer type', async () => {
    const { keyboard } = window.page;
    await enter();
    await tabOn(trace.frame, ({ at }) => at === 'layerscope-layers tr');
    const row = trace.frame.locator('tr:focus');
    const first = await row.getAttribute('data-key');
    await keyboard.press('ArrowDown');
    await expect.poll(() => row.getAttribute('data-key')).not.toBe(first);
    await keyboard.press('ArrowUp');
    await expect.poll(() => row.getAttribute('data-key')).toBe(first);
    await keyboard.press('Enter');
    await trace.frame.getByTestId('filter-chip').waitFor();
    await window.page.screenshot({ path: screenshotPath('keyboard') });
  });

  it('goes on to the stalls and to one of them', async () => {
    const { keyboard } = window.page;
    await enter();
    await tabOn(trace.frame, ({ at }) => at === 'layerscope-app tab');
    await keyboard.press('ArrowRight');
    await keyboard.press('Enter');
    const stops = await tabOn(trace.frame, ({ at }) => at === 'layerscope-stalls tr');
    await keyboard.press(' ');
    await trace.frame.getByTestId('details').waitFor();
    const rest = await tabOn(trace.frame);
    expect([...stops, ...rest].filter(({ visible }) => !visible)).toEqual([]);
    expect(rest.map(({ at }) => at)).toContain('layerscope-details button');
  });

  it('asks in SQL, goes through the answer and leaves', async () => {
    const { keyboard } = window.page;
    await enter();
    await tabOn(trace.frame, ({ at }) => at === 'layerscope-app tab');
    await keyboard.press('ArrowRight');
    await keyboard.press('ArrowRight');
    await keyboard.press('Enter');
    await tabOn(trace.frame, ({ at }) => at === 'layerscope-query textarea');
    await keyboard.press('Control+A'); // goes through the workbench and takes its time
    const isSelected = (element: Element) => {
      const { selectionStart, selectionEnd, value } = element as HTMLTextAreaElement;
      return selectionStart === 0 && selectionEnd === value.length;
    };
    await expect.poll(() => trace.frame.getByTestId('sql').evaluate(isSelected)).toBe(true);
    await keyboard.type('SELECT DISTINCT layer_type FROM calls');
    await keyboard.press('Control+Enter');
    await trace.queryResult(3);
    const stops = await tabOn(trace.frame);
    expect(stops.filter(({ visible }) => !visible)).toEqual([]);
    expect(stops.map(({ at }) => at)).toContain('layerscope-result region');
  });
});
