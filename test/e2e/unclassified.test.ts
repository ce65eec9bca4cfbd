import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRules } from '../../src/layers/rules.js';
import { screenshotPath } from './screenshots.js';
import type { TraceEditor } from './traceEditor.js';
import { writeUnknownKernels } from './unknownKernels.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const TRACE = 'wobble.db';

describe('what has no layer type', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;

  beforeAll(async () => {
    vscode = await openVsCode();
    await writeUnknownKernels(join(vscode.workspace, TRACE));
    window = await vscode.window();
    await window.doubleClick(TRACE);
    trace = await window.trace('unclassified');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  it('is shown beside the evidence for the rest, and listed by command and by button', async () => {
    // 300 x 40 of 300 x 40 + 200 x 30 + 250 x 10 µs
    expect(await trace.figure('evidence')).toMatch(
      /classified 58\.5 %: kernel names 58\.5 %.* unclassified 41\.5 %/,
    );
    await window.command('Layerscope: Show Unclassified');
    const table = trace.frame.getByTestId('unclassified-table');
    await table.waitFor();
    expect(await trace.figure('unclassified-status')).toBe(
      '450 calls of 2 names, 8.50 ms, 41.5 % of GPU time',
    );

    await trace.openTab('Layers');
    await trace.frame.getByTestId('show-unclassified').click();
    await table.waitFor();
    await table.getByRole('button', { name: 'Calls' }).click();
    const calls = table.locator('tbody tr td:nth-child(2)');
    await expect.poll(() => calls.allInnerTexts()).toEqual(['250', '200']);
    await window.page.screenshot({ path: screenshotPath('unclassified') });
  });

  it('is explained by the keyboard: the reason, the calls around, and the way to them', async () => {
    await window.command('Layerscope: Show Unclassified');
    const row = trace.frame.getByTestId('unclassified-table').locator('tbody tr').first();
    const why = trace.frame.getByTestId('why');
    // The palette takes its time to give the focus back: a key pressed before that is lost.
    const rowChosen = async (): Promise<number> => {
      await row.press('Enter');
      return await why.count();
    };
    await expect.poll(rowChosen).toBe(1);
    await why.getByTestId('why-rule').waitFor();
    expect(await why.locator('h3').innerText()).toMatch(/why no layer type/i);
    expect(await trace.figure('why-rule')).not.toBe('');

    const around = why.getByTestId('why-neighbours');
    const before = await around.innerText();
    const neighbour = around.getByRole('button').first();
    await neighbour.focus();
    await neighbour.press('Enter');
    await expect.poll(() => around.innerText()).not.toBe(before);
    await window.page.screenshot({ path: screenshotPath('why') });
  });

  it('becomes a rule of the workspace, with the type left to fill in', async () => {
    await window.command('Layerscope: Show Unclassified');
    const rules = join(vscode.workspace, '.layerscope', 'layers.json');
    expect(existsSync(rules)).toBe(false);
    const make = trace.frame
      .getByTestId('unclassified-table')
      .getByRole('button', { name: 'Make a rule' });
    await make.first().click();
    await window.page.locator('.tab.active[data-resource-name="layers.json"]').first().waitFor();
    const { names } = parseRules(JSON.parse(readFileSync(rules, 'utf8')), 'layers.json');
    expect(names.map(({ type }) => type)).toEqual(['unclassified']);
    // The placeholder is selected: what is typed takes its place.
    await window.page.locator('#status\\.editor\\.selection', { hasText: '12 selected' }).waitFor();
    await window.page.screenshot({ path: screenshotPath('make-rule') });

    // A second rule goes into the open file, for its author to save.
    await make.nth(1).click();
    await expect.poll(() => trace.figure('notice')).toContain('save the file');
    // It is the one editor that shows the file.
    expect(await window.page.locator('.tab[data-resource-name="layers.json"]').count()).toBe(1);
    await window.page.keyboard.type('mamba');
    await window.page.keyboard.press('Control+S');
    const types = () =>
      parseRules(JSON.parse(readFileSync(rules, 'utf8')), 'layers.json').names.map(
        ({ type }) => type,
      );
    await expect.poll(types).toEqual(['mamba', 'unclassified']);
  });
});
