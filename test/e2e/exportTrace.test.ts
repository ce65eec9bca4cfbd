import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceEditor } from './traceEditor.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const TRACE = resolve('test/fixtures/e2e/hybrid.db');

describe('a trace is written from the editor', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;
  const at = (name: string) => join(vscode.workspace, name);
  const sha = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

  beforeAll(async () => {
    vscode = await openVsCode();
    copyFileSync(TRACE, at('hybrid.db'));
    window = await vscode.window();
    await window.doubleClick('hybrid.db');
    trace = await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  it('as a database that opens with the layers it was saved with', async () => {
    const rows = await trace.layerRows();
    await window.command('Layerscope: Save as Layerscope Database…');
    await window.saveAs('hybrid.layerscope.db', at('saved.db'));
    await expect.poll(() => existsSync(at('saved.db')), { timeout: 30_000 }).toBe(true);
    await window.page.getByText('saved.db: 6,400 GPU events, 900 host events').first().waitFor();
    await window.doubleClick('saved.db');
    await expect.poll(() => window.activeTab()).toBe('saved.db');
    const saved = await window.trace('kept from import');
    expect(await saved.layerRows()).toEqual(rows);
    expect(rows.length).toBeGreaterThan(3);
  });

  it('as a Chrome trace, and leaves nothing beside it', async () => {
    await window.command('Layerscope: Export Trace…');
    await window.choose('Chrome trace, packed');
    await window.saveAs('saved.json.gz', at('out.json.gz'));
    await expect.poll(() => existsSync(at('out.json.gz')), { timeout: 30_000 }).toBe(true);
    const { traceEvents } = JSON.parse(gunzipSync(readFileSync(at('out.json.gz'))).toString()) as {
      traceEvents: { ph: string }[];
    };
    expect(traceEvents.filter(({ ph }) => ph === 'X').length).toBe(7300);
    expect(readdirSync(vscode.workspace).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(sha(at('hybrid.db'))).toBe(sha(TRACE));
  });
});
