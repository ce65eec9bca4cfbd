import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import { writeStallTrace } from './stallTrace.js';
import type { StallTrace } from './stallTrace.js';
import type { TraceEditor } from './traceEditor.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

describe('from a stall to its line of code', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;
  let written: StallTrace;

  beforeAll(async () => {
    vscode = await openVsCode();
    written = await writeStallTrace(join(vscode.workspace, 'stalls.db'), vscode.workspace);
    window = await vscode.window();
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  /** Every test begins with the stalls of a freshly opened trace and nothing beside it. */
  async function openStalls(): Promise<void> {
    await window.command('View: Close All Editors');
    await window.isEmpty();
    await window.doubleClick('stalls.db');
    trace = await window.trace('Mamba SSM');
    await window.command('Layerscope: Show Stalls');
    await trace.stallRow('ncclDevKernel_AllToAll').waitFor();
  }

  it('lists exactly the three stalls with the time each lost', async () => {
    await openStalls();
    const rows = await trace.stallRows();
    expect(rows.map(([, lost, duration]) => [lost, duration])).toEqual([
      ['12,220', '12,400'],
      ['8,040', '8,100'],
      ['4,158', '4,200'],
    ]);
  });

  it('opens the file of the workspace at the line that the stack names', async () => {
    await openStalls();
    await trace
      .stallRow('ncclDevKernel_AllToAll')
      .getByRole('button', { name: 'Go to code' })
      .click();
    await window.isAt('moe.py', written.found.line);
    await window.page.screenshot({ path: screenshotPath('code-beside-stall') });
  });

  it('opens the same line from the selected stall by command and from a frame of its stack', async () => {
    await openStalls();
    await trace.stallRow('ncclDevKernel_AllToAll').click();
    const details = trace.frame.getByTestId('details');
    await details.getByRole('button', { name: 'forward' }).waitFor();
    await window.command('Layerscope: Go to Layer Code');
    await window.isAt('moe.py', written.found.line);

    await openStalls();
    await trace.stallRow('ncclDevKernel_AllToAll').click();
    await trace.frame.getByTestId('details').getByRole('button', { name: 'forward' }).click();
    await window.isAt('moe.py', written.found.line);
  });

  it('lets the user choose between files that fit equally well', async () => {
    await openStalls();
    await trace.stallRow('moe_topk_gating').getByRole('button', { name: 'Go to code' }).click();
    const choices = await window.choices();
    expect(choices).toHaveLength(2);
    expect(choices.join('\n')).toMatch(/replica_a\/serving\/router\.py/);
    expect(choices.join('\n')).toMatch(/replica_b\/serving\/router\.py/);
    await window.choose('replica_b/serving/router.py');
    await window.isAt('router.py', written.ambiguous.line);
  });

  it('says which file was sought where the workspace does not have it', async () => {
    await openStalls();
    await trace.stallRow('selective_scan').getByRole('button', { name: 'Go to code' }).click();
    const said = trace.frame
      .getByText('batch_planner.py')
      .filter({ hasText: 'No open folder has' });
    await said.first().waitFor();
    expect(await said.first().innerText()).toContain(written.missing.file);
    expect(await window.activeTab()).toBe('stalls.db');
  });
});
