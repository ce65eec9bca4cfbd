import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { layerTypeOf, type Trace } from '../../../src/trace/index.js';
import { FIXTURES, readFixture, readText } from './readFixture.js';

const files = [0, 1].map((rank) => `two-ranks.rank${rank}.pt.trace.json.gz`);

/** "device kernel type index module" of each GPU event, sorted. */
function told(trace: Trace): string[] {
  const labels = attribute(trace);
  const { gpu, lanes, names } = trace;
  return Array.from({ length: gpu.count }, (_, i) =>
    [
      lanes[gpu.lane[i]].device,
      names.get(gpu.name[i]),
      layerTypeOf(labels.type[i]).key,
      labels.index[i],
      names.get(labels.module[i]),
    ].join(' | '),
  ).sort();
}

// Each process counts its correlation ids, Python ids and module instances from the start: most of
// them mean something else in the other one.
test('two processes in one file are attributed as each is in a file of its own', async () => {
  const alone = await Promise.all(files.map(readFixture));
  const documents = files.map(
    (file) =>
      JSON.parse(gunzipSync(readFileSync(FIXTURES + file)).toString()) as { traceEvents: object[] },
  );
  const together = await readText(
    JSON.stringify({
      ...documents[0],
      traceEvents: documents.flatMap((document) => document.traceEvents),
    }),
  );
  expect(told(together)).toEqual(alone.flatMap(told).sort());
});
