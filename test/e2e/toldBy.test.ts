import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decompose } from '../../src/analysis/decompose.js';
import { attribute } from '../../src/layers/attribute.js';
import { openFile } from '../unit/formats/reading.js';
import type { TraceEditor } from './traceEditor.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const MODULES = 'test/fixtures/kineto/layers.stack.pt.trace.json.gz';

describe('what layers are told by besides the trace', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;

  beforeAll(async () => {
    vscode = await openVsCode();
    const copy = (from: string, to: string) =>
      copyFileSync(resolve('test/fixtures', from), join(vscode.workspace, to));
    copy('e2e/hybrid.db', 'hybrid.db');
    copy('models/nemotron_h.config.json', 'hybrid.config.json');
    copy('models/jamba.config.json', 'config.json');
    window = await vscode.window();
    await window.doubleClick('hybrid.db');
    trace = await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  const basis = () => trace.frame.getByTestId('attribution-basis');

  it('is the configuration of the model beside the trace, and the view says so', async () => {
    expect(await trace.figure('attribution-basis')).toContain(
      'nemotron_h configuration (52 layers, found beside the trace)',
    );
  });

  it('can be no configuration, and another', async () => {
    await window.command('Layerscope: Use Model Configuration…');
    const offered = (await window.choices()).join('\n');
    expect(offered).toContain('nemotron_h, 52 layers');
    expect(offered).toContain('jamba, 16 layers');
    await window.choose('None');
    await expect.poll(() => basis().count()).toBe(0);

    await window.command('Layerscope: Use Model Configuration…');
    await window.choose('jamba, 16 layers');
    await expect
      .poll(async () => (await basis().allInnerTexts()).join())
      .toContain('jamba configuration (16 layers)');
  });

  it('is a file of rules from the moment it is written, until it is gone', async () => {
    const mlp = trace.layerRow('MLP');
    const before = await trace.layerRows();
    expect(await mlp.count()).toBe(0);
    const rule = { id: 'ours', kernel: 'selective_scan', type: 'mlp', why: 'our own words' };
    const folder = join(vscode.workspace, '.layerscope');
    mkdirSync(folder);
    writeFileSync(join(folder, 'layers.json'), JSON.stringify({ version: 1, names: [rule] }));
    await mlp.waitFor();
    const calls = (rows: string[][], label: string) =>
      Number(rows.find(([name]) => name === label)?.[1].replaceAll(',', '') ?? 0);
    const after = await trace.layerRows();
    expect(calls(after, 'MLP')).toBeGreaterThan(0);
    expect(calls(after, 'MLP') + calls(after, 'Mamba SSM')).toBe(calls(before, 'Mamba SSM'));
    expect((await basis().allInnerTexts()).join()).toContain(
      'own rules of .layerscope/layers.json',
    );

    rmSync(folder, { recursive: true });
    await mlp.waitFor({ state: 'detached' });
    expect(await trace.layerRows()).toEqual(before);
  });

  it('is a companion trace that was chosen, until none is', async () => {
    // The same run, recorded without the Python rows that tell modules.
    const recorded = JSON.parse(gunzipSync(readFileSync(MODULES)).toString()) as {
      traceEvents: { cat?: string }[];
    };
    const traceEvents = recorded.traceEvents.filter(({ cat }) => cat !== 'python_function');
    const bare = gzipSync(JSON.stringify({ ...recorded, traceEvents }));
    writeFileSync(join(vscode.workspace, 'bare.pt.trace.json.gz'), bare);
    copyFileSync(MODULES, join(vscode.workspace, 'modules.pt.trace.json.gz'));
    await window.doubleClick('bare.pt.trace.json.gz');
    await expect.poll(() => window.activeTab()).toBe('bare.pt.trace.json.gz');
    trace = await window.trace('Unclassified');
    const alone = await trace.layerRows();

    const whole = await openFile(MODULES);
    const { rows } = decompose(whole, attribute(whole), { by: 'layer-type' });
    const calls = (shown: string[][]) =>
      shown.filter(([label]) => !label.startsWith('Overall')).map(([label, n]) => `${label} ${n}`);
    const expected = rows.map(({ label, calls: n }) => `${label} ${n}`).sort();
    expect(calls(alone).sort()).not.toEqual(expected);

    await window.command('Layerscope: Use Companion Trace…');
    await window.choose('modules.pt.trace.json.gz');
    await expect
      .poll(async () => (await basis().allInnerTexts()).join())
      .toContain('aligned with companion modules.pt.trace.json.gz');
    await expect.poll(async () => calls(await trace.layerRows()).sort()).toEqual(expected);

    await window.command('Layerscope: Use Companion Trace…');
    await window.choose('None');
    await expect.poll(() => trace.layerRows()).toEqual(alone);
    expect((await basis().allInnerTexts()).join()).not.toContain('companion');
  });
});
