import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import initSqlJs from 'sql.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { screenshotPath } from './screenshots.js';
import { fingerprint, openVsCode } from './vscode.js';
import type { VsCode } from './vscode.js';
import type { Workbench } from './workbench.js';

describe('files that are no whole trace', () => {
  let vscode: VsCode;
  let window: Workbench;
  let before: string[];

  beforeAll(async () => {
    vscode = await openVsCode();
    const trace = readFileSync(resolve('test/fixtures/e2e/hybrid.db'));
    const write = (name: string, bytes: Uint8Array | string) =>
      writeFileSync(join(vscode.workspace, name), bytes);
    write('damaged.db', Buffer.concat([trace.subarray(0, 100), Buffer.alloc(trace.length, 0xa5)]));
    write('cut.db', trace.subarray(0, trace.length / 2));
    write('empty.db', '');
    write('notes.db', 'These are notes, and no database.\n');
    write('customers.db', await customers());
    write('bomb.pt.trace.json.gz', bomb());
    before = fingerprint(vscode.workspace);
    window = await vscode.window();
  });
  afterAll(async () => {
    await vscode?.stop();
  });

  async function sentenceFor(name: string): Promise<string> {
    await window.doubleClick(name);
    const page = await window.trace('did not open');
    const sentence = await page.frame.getByTestId('open-error').innerText();
    await window.page.screenshot({ path: screenshotPath(`refused-${name}`) });
    await window.command('View: Close Editor');
    return sentence;
  }

  it('says that a database is damaged', async () => {
    expect(await sentenceFor('damaged.db')).toMatch(/damaged/i);
  });

  it('says that a file is empty', async () => {
    expect(await sentenceFor('empty.db')).toMatch(/empty/i);
  });

  it('says that a text file is no trace', async () => {
    expect(await sentenceFor('notes.db')).toMatch(/text|not a|no /i);
  });

  it('says what another database holds, and offers another editor', async () => {
    await window.doubleClick('customers.db');
    const page = await window.trace('did not open');
    await page.frame.getByText('customers').first().waitFor();
    await window.page.screenshot({ path: screenshotPath('refused-customers.db') });
    await page.frame.getByText('Open with another editor').waitFor();
    await page.frame.getByText('Never open such files here').waitFor();
    await page.frame.getByText('Open with another editor').click();
    expect((await window.choices()).join('\n')).toMatch(/Text Editor/);
    await window.page.keyboard.press('Escape');
  });

  it('opens what is left of a trace that was cut, and says so', async () => {
    await window.page.keyboard.press('Escape');
    await window.doubleClick('cut.db');
    const trace = await window.trace('MoE all-to-all');
    await trace.frame.getByTestId('warnings').locator('summary').click();
    await trace.frame.getByText('The file is cut').first().waitFor();
  });

  it('asks before it unpacks a gigabyte, and opens when told to', async () => {
    await window.doubleClick('bomb.pt.trace.json.gz');
    const page = await window.trace('did not open');
    const sentence = await page.frame.getByTestId('open-error').innerText();
    expect(sentence).toContain('More than 1 GiB are only unpacked when you ask for it');
    await window.page.screenshot({ path: screenshotPath('refused-bomb') });
    await page.frame.getByText('Open anyway').click();
    await page.frame.getByText('No layer type found.').waitFor({ timeout: 90_000 });
  });

  it('leaves all of them as they were', () => {
    expect(fingerprint(vscode.workspace)).toEqual(before);
  });
});

/** Gzip of one kernel and more than 1 GiB of spaces, in members of 64 MiB. */
function bomb(): Uint8Array {
  const event = '{"ph":"X","cat":"kernel","name":"only_kernel","pid":0,"tid":7,"ts":1,"dur":2}';
  const spaces = gzipSync(Buffer.alloc(64 * 2 ** 20, ' '));
  return Buffer.concat([
    gzipSync(`{"traceEvents":[${event}`),
    ...Array.from({ length: 17 }, () => spaces),
    gzipSync(']}'),
  ]);
}

async function customers(): Promise<Uint8Array> {
  const sql = await initSqlJs();
  const db = new sql.Database();
  db.run(`CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
          INSERT INTO customers (name) VALUES ('Ada'), ('Grace');`);
  const bytes = db.export();
  db.close();
  return bytes;
}
