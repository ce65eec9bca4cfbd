#!/usr/bin/env node
/**
 * Makes samples/nemotron_h_ep2.rank{0,1}.pt.trace.json.gz and the configuration beside them from the
 * recording they are an excerpt of. What is cut is said in samples/README.md.
 *
 *   node scripts/samples/cut-nemotron.mjs FOLDER_WITH_THE_RECORDING
 */
import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { putTogether, readRows, selectWindow, takeApart } from '../fixtures/kinetoText.mjs';

const LARGEST = 6 * 2 ** 20;
const from = process.argv[2];
if (from === undefined) {
  console.error('usage: cut-nemotron.mjs FOLDER_WITH_THE_RECORDING');
  process.exit(2);
}
const samples = fileURLToPath(new URL('../../samples/', import.meta.url));

let total = 0;
for (const rank of [0, 1]) {
  const trace = takeApart(join(from, `nemotron_h_ep2.rank${rank}.stack.pt.trace.json.gz`));
  const all = readRows(trace.rows);
  const steps = all.filter(
    (r) => r.event.cat === 'user_annotation' && r.event.name.startsWith('execute_model step='),
  );
  const selected = selectWindow(all, (start) =>
    steps.some((step) => start >= step.start && start < step.end),
  );
  const to = join(samples, `nemotron_h_ep2.rank${rank}.pt.trace.json.gz`);
  writeFileSync(to, putTogether({ ...trace, rows: selected.map((r) => r.text) }));
  total += statSync(to).size;
  console.log(
    `rank ${rank}: ${steps.length} steps, ${selected.length} of ${all.length} rows, ${statSync(to).size} bytes`,
  );
}
if (total > LARGEST) {
  throw new Error(`the sample has ${total} bytes, ${LARGEST} are allowed`);
}
copyFileSync(
  join(from, 'nemotron_h.config.json'),
  join(samples, 'nemotron_h_ep2.config.json'),
);
