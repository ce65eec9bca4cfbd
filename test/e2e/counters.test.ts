import { copyFileSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import initSqlJs from 'sql.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import type { TraceEditor } from './traceEditor.js';
import { openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const TRACE = 'metrics_3.25.sqlite';

/** One sample: seconds from the trace's start with nine digits, and the value. */
interface Sample {
  readonly at: string;
  readonly value: number;
}

describe('counters of a trace', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;

  beforeAll(async () => {
    vscode = await openVsCode();
    copyFileSync(resolve('test/fixtures/nsys', TRACE), join(vscode.workspace, TRACE));
    window = await vscode.window();
    await window.explorerRow(TRACE).click();
    await window.command('Layerscope: Open as GPU Trace');
    trace = await window.trace('Whole trace');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  const heading = (group: string) =>
    trace.frame.locator('layerscope-timeline').getByRole('button', { name: group });
  const said = () => trace.frame.locator('layerscope-timeline [role="status"]').innerText();
  const focused = (selector: string) => trace.frame.locator(`${selector}:focus`);

  it('are in an editor that is called by its name, although it was opened on command', async () => {
    await window.page.getByText('GPU Trace (Layerscope)').first().waitFor();
    expect(await window.page.getByText(/^layerscope\./).count()).toBe(0);
  });

  it('are folded at first, so that API calls are in view below the streams', async () => {
    const folded = heading('cuda:1 counters');
    await folded.waitFor();
    expect(await folded.getAttribute('aria-expanded')).toBe('false');
    expect(await folded.innerText()).toMatch(/\b5 curves$/);
    const timeline = await trace.frame.getByTestId('timeline').boundingBox();
    const apiCalls = await heading('python3 (801)').last().boundingBox();
    expect(apiCalls?.y).toBeLessThan((timeline?.y ?? 0) + (timeline?.height ?? 0) - 22);
    await window.page.screenshot({ path: screenshotPath('counters-folded') });
  });

  it('unfold and are read by the keyboard: each sample as the file has it', async () => {
    const { keyboard } = window.page;
    await trace.frame.getByTestId('timeline').focus();
    const group = focused('button.heading').filter({ hasText: 'cuda:1 counters' });
    for (let presses = 0; (await group.count()) === 0 && presses < 20; presses++) {
      await keyboard.press('Tab');
    }
    await keyboard.press('Enter');
    await expect.poll(() => group.getAttribute('aria-expanded')).toBe('true');
    for (let presses = 0; (await focused('.body').count()) === 0 && presses < 20; presses++) {
      await keyboard.press('Shift+Tab');
    }
    await keyboard.press(']');
    for (let rows = 0; !(await said()).includes('counters') && rows < 20; rows++) {
      await keyboard.press('ArrowDown');
    }
    const read: string[] = [];
    for (let samples = 0; samples < 12; samples++) {
      read.push(await said());
      await keyboard.press(']');
      await expect.poll(said).not.toBe(read.at(-1));
    }
    const [first] = read.map(timeOf);
    const all = await samplesOf(join(vscode.workspace, TRACE), 1);
    const from = all.findIndex(({ at }) => at === first);
    expect(read).toEqual(
      all
        .slice(from, from + read.length)
        .map(
          ({ at, value }) =>
            `SMs Active (%), ${value} %, at ${spaced(at)} s, python3 (800) cuda:1 counters`,
        ),
    );
    expect(new Set(read.map((text) => text.split(', ')[1])).size).toBeGreaterThan(3);
    await window.page.screenshot({ path: screenshotPath('counters-read') });
  });

  it('unfold, are read and fold by the mouse', async () => {
    const details = trace.frame.locator('layerscope-details');
    await trace.frame.getByTestId('timeline').press('Escape');
    await details.waitFor({ state: 'detached' });
    const toggle = async (name: string, expanded: boolean) => {
      await heading(name).click();
      await expect.poll(() => heading(name).getAttribute('aria-expanded')).toBe(String(expanded));
    };
    await toggle('cuda:1 counters', false);
    await toggle('cuda:2 counters', true);
    const box = await heading('cuda:2 counters').boundingBox();
    const { x: left, y: top, height } = box ?? { x: 0, y: 0, height: 0 };
    const all = await samplesOf(join(vscode.workspace, TRACE), 2);
    const starts = new Set<string>();
    for (const x of [200, 330, 480]) {
      // The first curve lies right below the heading.
      await window.page.mouse.click(left + x, top + height + 20);
      const startOf = async () => timeOf((await details.locator('dl').allInnerTexts()).join());
      await expect.poll(async () => !['', ...starts].includes(await startOf())).toBe(true);
      starts.add(await startOf());
      expect(await details.locator('.name').innerText()).toBe('SMs Active (%)');
      const facts = await details.locator('dl').innerText();
      const sample = all.find(({ at }) => at === timeOf(facts));
      expect(/Value\s+(.+)/.exec(facts)?.[1]).toBe(`${sample?.value} %`);
    }
    await window.page.screenshot({ path: screenshotPath('counters-details') });
    await toggle('cuda:2 counters', false);
  });
});

/** Nine digits behind the point, as "0.000100000". */
function timeOf(text: string): string {
  return (/\d+\.\d{3} \d{3} \d{3} s/.exec(text)?.[0] ?? '').replace(/ s$/, '').replaceAll(' ', '');
}

function spaced(at: string): string {
  return at.replace(/(\d{3})(\d{3})$/, ' $1 $2');
}

/** "SMs Active" of a GPU by plain SQL, from the start of the trace on: that of its first event. */
async function samplesOf(path: string, gpu: number): Promise<Sample[]> {
  const sql = await initSqlJs();
  const db = new sql.Database(readFileSync(path));
  const [{ values }] = db.exec(
    `SELECT printf('%.9f', (timestamp - begin) / 1e9), value
     FROM GPU_METRICS,
       (SELECT min(start) AS begin FROM (SELECT start FROM CUPTI_ACTIVITY_KIND_KERNEL
        UNION ALL SELECT start FROM CUPTI_ACTIVITY_KIND_RUNTIME))
     WHERE metricId = 0 AND typeId & 255 = ${gpu} AND timestamp >= begin ORDER BY timestamp`,
  );
  db.close();
  return values.map(([at, value]) => ({ at: String(at), value: Number(value) }));
}
