import { readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseFrame } from '../../../src/formats/kineto/callStack.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { ANNOTATION } from '../../../src/trace/index.js';
import { expectSameRows } from './againstPlainJson.js';
import { plainTrace } from './plainJson.js';
import { rangePath, readTrace } from './readFixture.js';

const SAMPLES = [0, 1].map((rank) => `samples/nemotron_h_ep2.rank${rank}.pt.trace.json.gz`);

test('both ranks are small, whole and undamaged', async () => {
  expect(SAMPLES.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(6e6);
  for (const path of SAMPLES) {
    const trace = await readTrace(path);
    expectSameRows(trace, plainTrace(path));
    const steps = [...trace.ranges.name]
      .filter((_, i) => trace.ranges.kind[i] === ANNOTATION)
      .map((id) => trace.names.get(id))
      .filter((name) => name.startsWith('execute_model'));
    expect(steps.map((step) => /step=(\d+)/.exec(step)?.[1])).toEqual(['100', '101', '102', '103']);
    // Nothing was cut away from around a kernel: each is inside a step, called from the script.
    for (let i = 0; i < trace.gpu.count; i++) {
      const path = rangePath(trace, trace.gpu.launch[i]);
      expect(path.some((name) => name.startsWith('execute_model'))).toBe(true);
      expect(path.at(-1)).toBe('ep.py(64): <module>');
    }
  }
});

test('the exchange of token counts has the tail the sample is there to show', async () => {
  const merged = mergeRanks(await Promise.all(SAMPLES.map((path) => readTrace(path))));
  const exchanges = [...merged.gpu.duration]
    .filter((_, i) => merged.names.get(merged.gpu.name[i]).includes('SendRecv'))
    .sort((a, b) => a - b);
  expect(exchanges.length).toBe(552);
  expect(exchanges[551] / exchanges[275]).toBeGreaterThan(50);
});

test('frames of ep.py land on the functions they name', async () => {
  const trace = await readTrace(SAMPLES[0]);
  const lines = readFileSync('samples/model/ep.py', 'utf8').split('\n');
  const frames = trace.names
    .all()
    .map(parseFrame)
    .filter((frame) => frame.file === 'ep.py');
  expect(frames.map((f) => `${f.line} ${f.function}`).sort()).toEqual([
    '14 forward',
    '17 forward',
    '19 ep_forward',
    '42 steps',
    '64 <module>',
  ]);
  for (const { line, function: name } of frames) {
    expect(lines[line - 1]).toContain(name === '<module>' ? 'steps(model, rank)' : `def ${name}(`);
  }
  expect(lines[12]).toContain('class EPDispatcher');
  expect(lines[15]).toContain('class EPCombiner');
});
