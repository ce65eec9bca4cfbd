import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decompose } from '../../src/analysis/decompose.js';
import { attribute } from '../../src/layers/attribute.js';
import { startBrowser } from '../../scripts/vscode/browser.mjs';
import { openFile } from '../unit/formats/reading.js';
import { exported } from '../unit/exchange/exporting.js';

const READER = pathToFileURL(resolve('node_modules/speedscope/dist/release/index.html')).href;

interface ReadBack {
  readonly shared: { readonly frames: readonly { readonly name: string }[] };
  readonly profiles: readonly {
    readonly name: string;
    readonly events: readonly {
      readonly type: 'O' | 'C';
      readonly frame: number;
      readonly at: number;
    }[];
  }[];
}

/** speedscope itself, in a browser, as its own command line starts it. */
describe('speedscope', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await startBrowser();
    folder = await mkdtemp(join(tmpdir(), 'layerscope-speedscope-'));
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  /** What speedscope has read, as it writes it out again. */
  async function readBySpeedscope(text: string): Promise<ReadBack> {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('dialog', (dialog) => void said.push(dialog.message()));
    const base64 = Buffer.from(text).toString('base64');
    const profile = join(folder, 'profile.js');
    await writeFile(profile, `speedscope.loadFileFromBase64("export.json", "${base64}")`);
    await page.goto(`${READER}#localProfilePath=${profile}`);
    const saving = page.waitForEvent('download');
    await page.getByText('Export', { exact: false }).click();
    const file = join(folder, 'again.json');
    await (await saving).saveAs(file);
    expect(said).toContain('Importing as speedscope json file');
    await page.close();
    return JSON.parse(readFileSync(file, 'utf8')) as ReadBack;
  }

  /** Time between opening and closing of the outermost frames, by name, ns. */
  function timeByOutermost({ shared, profiles }: ReadBack, name: string): Record<string, number> {
    const times: Record<string, number> = {};
    let depth = 0;
    let began = 0;
    for (const { type, frame, at } of profiles.find((one) => one.name === name)?.events ?? []) {
      depth += type === 'O' ? 1 : 0;
      if (depth === 1) {
        const { name: outermost } = shared.frames[frame];
        if (type === 'O') {
          began = at;
        } else {
          times[outermost] = (times[outermost] ?? 0) + at - began;
        }
      }
      depth -= type === 'C' ? 1 : 0;
    }
    return times;
  }

  it('reads the time of each layer type as the layer table has it', async () => {
    const trace = await openFile('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
    const { text } = await exported(trace, { to: 'speedscope' });
    const read = await readBySpeedscope(text);
    const { rows } = decompose(trace, attribute(trace), { by: 'layer-type' });
    const times = timeByOutermost(read, 'cuda:0 stream 7');
    expect(rows.length).toBeGreaterThan(5);
    expect(times).toEqual(Object.fromEntries(rows.map((row) => [row.label, row.total_ns])));
    expect(read.profiles.map(({ name }) => name)).toEqual(['cuda:0 stream 7', 'python3 (868)']);
  });

  it('reads names that no program should have written', async () => {
    const trace = await openFile('test/fixtures/flat/awkward.db');
    const { text } = await exported(trace, { to: 'speedscope' });
    const read = await readBySpeedscope(text);
    const { frames } = (JSON.parse(text) as ReadBack).shared;
    expect(read.profiles.length).toBeGreaterThan(0);
    const names = (of: ReadBack['shared']['frames']) => new Set(of.map(({ name }) => name));
    const missing = [...names(frames)].filter((name) => !names(read.shared.frames).has(name));
    // What took no time has no place in a flame graph.
    expect(missing).toEqual(['zero_long']);
  });
});
