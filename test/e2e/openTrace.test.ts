import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HYBRID, HYBRID_LAYERS, shownLayers } from './hybridTrace.js';
import { holdersOf } from './openFiles.js';
import { policyViolations } from './policyViolations.js';
import { screenshotPath } from './screenshots.js';
import type { TraceEditor } from './traceEditor.js';
import { fingerprint, openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

const TRACE = 'hybrid.db';

const ARTICLE_SQL = `SELECT name, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us) AS p50,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_us) AS p99
FROM events WHERE source='cuda' GROUP BY name ORDER BY p99 DESC LIMIT 20`;

describe('a trace opened from the explorer', () => {
  let vscode: VsCode;
  let window: Workbench;
  let trace: TraceEditor;
  let before: string[];
  let refused: readonly string[];

  beforeAll(async () => {
    vscode = await openVsCode();
    copyFileSync(HYBRID, join(vscode.workspace, TRACE));
    before = fingerprint(vscode.workspace);
    window = await vscode.window();
    refused = await policyViolations(window.page);
    await window.doubleClick(TRACE);
    trace = await window.trace('MoE all-to-all');
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  it('shows the layer table to the digit', async () => {
    expect(await shownLayers(trace)).toEqual(HYBRID_LAYERS);
    await window.page.screenshot({ path: screenshotPath('layers') });
  });

  it('shows what a dashboard says of the same time', async () => {
    expect(await trace.figure('overall-calls')).toBe('6,400');
    expect(await trace.figure('overall-p50')).toBe('50 µs');
    expect(await trace.figure('overall-p99')).toBe('300 µs');
    expect(await trace.figure('duty-cycle')).toMatch(/^\d+(\.\d+)? ?%$/);
    expect(await trace.figure('worst-layer')).toMatch(/MoE all-to-all.*12,400 µs.*69x/);
    expect(await trace.figure('population')).toMatch(/6,400.*7,\d{3}/);
  });

  it('offers its commands in the palette by their titles', async () => {
    const offered = (await window.commandsFor('Layerscope:')).join('\n');
    for (const title of [
      'Layerscope: Decompose by Layer Type',
      'Layerscope: Decompose by Layer',
      'Layerscope: Decompose by Kernel',
      'Layerscope: Show Stalls',
      'Layerscope: Show Unclassified',
      'Layerscope: Open as GPU Trace',
      'Layerscope: Go to Layer Code',
      'Layerscope: Use Model Configuration…',
      'Layerscope: Use Companion Trace…',
    ]) {
      expect(offered).toContain(title);
    }
  });

  it('decomposes by kernel, by layer and by layer type on command', async () => {
    await window.command('Layerscope: Decompose by Kernel');
    await expect.poll(() => trace.decomposedBy()).toContain('Kernel');
    const kernels = await trace.layerRows();
    expect(kernels.length).toBeGreaterThan(1);

    await window.command('Layerscope: Decompose by Layer');
    await expect.poll(() => trace.decomposedBy()).toMatch(/^Layer\b(?! type)/);
    expect((await trace.layerRows()).map(([label]) => label)).toContain('Outside layers');

    await window.command('Layerscope: Decompose by Layer Type');
    await expect.poll(() => trace.decomposedBy()).toContain('Layer type');
    expect((await trace.layerRows()).length).toBe(HYBRID_LAYERS.length + 1);
  });

  it('lists the stalls on command, the most time lost first', async () => {
    await window.command('Layerscope: Show Stalls');
    const rows = await trace.stallRows();
    const lost = rows.map(([, microseconds]) => Number(microseconds.replaceAll(',', '')));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost).toEqual([...lost].sort((a, b) => b - a));
    await window.page.screenshot({ path: screenshotPath('stalls') });
  });

  it('opens a file as a trace on command', async () => {
    await window.command('Layerscope: Open as GPU Trace');
    expect(await window.activeTab()).toBe(TRACE);
  });

  it("runs the article's statement as written, and copies and exports its result", async () => {
    await trace.runSql(ARTICLE_SQL);
    const expected = await tailsByName(join(vscode.workspace, TRACE));
    const { columns, cells } = await trace.queryResult(expected.length);
    expect([columns[0], columns[2], columns[3]]).toEqual(['name', 'p50', 'p99']);
    const tails = cells.map((row) => Number(row[3]));
    expect(tails).toEqual([...tails].sort((a, b) => b - a));
    expect(cells.map(([name]) => name).sort()).toEqual(expected.map(({ name }) => name));
    for (const { name, calls, p50, p99 } of expected) {
      const row = cells.find(([shown]) => shown === name) ?? [];
      expect(row[1]).toBe(String(calls));
      expect(Number(row[2])).toBeCloseTo(p50, 6);
      expect(Number(row[3])).toBeCloseTo(p99, 6);
    }
    await window.page.screenshot({ path: screenshotPath('query') });

    await trace.frame.getByRole('button', { name: 'Copy', exact: true }).click();
    const copied = () => window.page.evaluate(() => navigator.clipboard.readText());
    await expect.poll(copied).toMatch(/^name\t/);
    expect((await copied()).trim().split('\n')).toHaveLength(expected.length + 1);

    const target = join(vscode.workspace, '..', 'exported.csv');
    await trace.frame.getByRole('button', { name: 'Export CSV' }).click();
    await window.saveAs('query.csv', target);
    await expect.poll(() => readIfThere(target)).toMatch(/^name,.*\r?\n/);
    expect(readFileSync(target, 'utf8').trim().split(/\r?\n/)).toHaveLength(expected.length + 1);
  });

  it('says what is wrong with a statement and keeps its text', async () => {
    await trace.runSql('SELECT layertype FROM kernels');
    const error = trace.frame.getByTestId('query-error');
    await error.waitFor();
    expect(await error.innerText()).toContain('layer_type');
    expect(await trace.frame.getByTestId('sql').inputValue()).toBe('SELECT layertype FROM kernels');
  });

  it('refuses a statement that would write', async () => {
    await trace.runSql('DELETE FROM events');
    await expect.poll(() => trace.frame.getByTestId('query-error').innerText()).toMatch(/DELETE/);
  });

  it('keeps the view when its tab was hidden', async () => {
    await trace.openTab('Query');
    await window.doubleClick('README.md');
    await window.isAt('README.md', 1);
    await window.doubleClick(TRACE);
    const again = await window.trace('Run');
    expect(await again.frame.getByTestId('sql').inputValue()).toBe('DELETE FROM events');
  });

  it('leaves the trace and its folder as they were, and is refused nothing by its policy', () => {
    expect(fingerprint(vscode.workspace)).toEqual(before);
    expect(refused).toEqual([]);
  });

  it('is read where it lies when it is larger than the settings let into memory', async () => {
    const path = join(vscode.workspace, TRACE);
    expect(holdersOf(path)).toEqual([]);
    mkdirSync(join(vscode.workspace, '.vscode'));
    writeFileSync(
      join(vscode.workspace, '.vscode', 'settings.json'),
      JSON.stringify({ 'layerscope.largeFiles.nativeBeyondGiB': 0.0001 }),
    );
    const untouched = fingerprint(vscode.workspace);
    const other = await vscode.window();
    await other.doubleClick(TRACE);
    const inPlace = await other.trace('MoE all-to-all');
    expect(await shownLayers(inPlace)).toEqual(HYBRID_LAYERS);
    expect(await inPlace.figure('overall-p99')).toBe('300 µs');
    await inPlace.runSql(ARTICLE_SQL);
    const expected = await tailsByName(path);
    const { cells } = await inPlace.queryResult(expected.length);
    const figures = cells.map(([name, calls, p50, p99]) => [name, +calls, +p50, +p99]).sort();
    expect(figures).toEqual(expected.map(({ name, calls, p50, p99 }) => [name, calls, p50, p99]));
    expect(holdersOf(path)).toHaveLength(1);
    expect(fingerprint(vscode.workspace)).toEqual(untouched);
  });

  it('has SQL beside it in files, whose mistakes are underlined', async () => {
    writeFileSync(join(vscode.workspace, 'wrong.tracesql'), 'DELETE FROM events');
    await window.explorerRow('wrong.tracesql').waitFor();
    await window.doubleClick('wrong.tracesql');
    await window.page.locator('.squiggly-error').first().waitFor();
  });
});

/** What the article's statement must answer, by plain SQL and a percentile worked out here. */
async function tailsByName(path: string) {
  const sql = await initSqlJs();
  const db = new sql.Database(readFileSync(path));
  const [{ values }] = db.exec(
    `SELECT name, json_group_array(duration_us ORDER BY duration_us)
     FROM events WHERE source = 'cuda' GROUP BY name`,
  );
  db.close();
  const at = (sorted: number[], p: number) => {
    const rank = p * (sorted.length - 1);
    const below = sorted[Math.floor(rank)];
    return below + (rank % 1) * (sorted[Math.ceil(rank)] - below);
  };
  return values
    .map(([name, json]) => {
      const sorted = JSON.parse(String(json)) as number[];
      return {
        name: String(name),
        calls: sorted.length,
        p50: at(sorted, 0.5),
        p99: at(sorted, 0.99),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
