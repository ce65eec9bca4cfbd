import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceEditor } from './traceEditor.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

describe('the configuration of a trace’s model', () => {
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

  it('is used where it lies beside the trace, and the view says so', async () => {
    expect(await trace.figure('attribution-basis')).toContain(
      'nemotron_h configuration (52 layers, found beside the trace)',
    );
  });

  it('can be none, and another', async () => {
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
});
