import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const HTML = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
const REVERSED = 'kernel \u202egnp.exe\u001b[31m';
const LONG = 'x'.repeat(1 << 20);

let vscode: VsCode;
let window: Workbench;

beforeAll(async () => {
  vscode = await openVsCode();
  const names = [
    HTML,
    REVERSED,
    LONG,
    '../../../../etc/passwd',
    '[link](command:workbench.action.quit)',
  ];
  const kernels = names.flatMap((name, n) =>
    Array.from({ length: 40 }, (_, i) => ({
      ph: 'X',
      cat: 'kernel',
      name,
      pid: 0,
      tid: 7,
      ts: (n * 40 + i) * 100,
      dur: i === 20 ? 90 : 3 + n,
      args: { stream: 7, device: 0 },
    })),
  );
  const threads = { ph: 'M', name: 'process_name', pid: 0, tid: 0, args: { name: HTML } };
  writeFileSync(
    join(vscode.workspace, 'hostile.pt.trace.json'),
    JSON.stringify({
      schemaVersion: 1,
      deviceProperties: [{ id: 0, name: HTML }],
      traceEvents: [threads, ...kernels],
    }),
  );
  window = await vscode.window();
});
afterAll(async () => {
  await vscode?.stop();
});

it('names of a trace are shown as text in every view', async () => {
  await window.doubleClick('hostile.pt.trace.json');
  const { frame } = await window.trace('Unclassified');
  for (const command of [
    'Layerscope: Decompose by Kernel',
    'Layerscope: Show Unclassified',
    'Layerscope: Show Stalls',
  ]) {
    await window.command(command);
    await frame.getByText('<img src=x').locator('visible=true').first().waitFor();
    await window.page.screenshot({ path: screenshotPath(`hostile-${command.split(' ').at(-1)}`) });
    // Locators look into shadow trees, too.
    expect(await frame.locator('img').count()).toBe(0);
    expect(await frame.locator('script', { hasText: 'document.title=2' }).count()).toBe(0);
    const shown = await frame.locator('body').innerText();
    expect(shown).not.toMatch(/[\u001b\u202e]/);
  }
  expect(await frame.locator('body').evaluate((body) => body.ownerDocument.title)).not.toMatch(
    /^[12]$/,
  );
});
