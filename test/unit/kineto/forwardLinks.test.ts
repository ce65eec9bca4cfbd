import { describe, expect, test } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { layerTypeOf, type Trace } from '../../../src/trace/index.js';
import { FIXTURES, readFixture, readText } from './readFixture.js';
import { plainTrace } from './plainJson.js';

interface Op {
  name: string;
  ts: number;
  dur?: number;
  pid?: number;
  tid: number;
  sequence?: number;
  /** `Fwd thread id` */
  thread?: number;
  hierarchy?: string;
}

function operator({
  name,
  ts,
  dur = 5,
  pid = 1,
  tid,
  sequence,
  thread = 0,
  hierarchy,
}: Op): object {
  const args = {
    ...(sequence === undefined ? {} : { 'Sequence number': sequence, 'Fwd thread id': thread }),
    ...(hierarchy === undefined ? {} : { 'Module Hierarchy': hierarchy }),
  };
  return { ph: 'X', cat: 'cpu_op', name, pid, tid, ts, dur, args };
}

function arrow(
  id: number,
  from: [tid: number, ts: number],
  to: [tid: number, ts: number],
): object[] {
  const common = { cat: 'fwdbwd', name: 'fwdbwd', pid: 1, id };
  return [
    { ph: 's', ...common, tid: from[0], ts: from[1] },
    { ph: 'f', bp: 'e', ...common, tid: to[0], ts: to[1] },
  ];
}

const read = (...events: (Op | object[])[]): Promise<Trace> =>
  readText(
    JSON.stringify({
      schemaVersion: 1,
      traceEvents: events.flatMap((e) => (Array.isArray(e) ? (e as object[]) : [operator(e)])),
    }),
  );

/** Name of the forward operator of each backward one that has one. */
function links({ ranges, names }: Trace): Record<string, string> {
  const { forward } = ranges;
  return Object.fromEntries(
    [...(forward ?? [])].flatMap((of, i) =>
      of < 0 ? [] : [[names.get(ranges.name[i]), names.get(ranges.name[of])]],
    ),
  );
}

describe('a backward operator belongs to a forward one', () => {
  test('the last to begin of those with its number: the others made no node', async () => {
    const trace = await read(
      { name: 'aten::arange', ts: 100, tid: 1, sequence: 7 },
      { name: 'aten::linear', ts: 200, dur: 50, tid: 1, sequence: 7 },
      { name: 'aten::t', ts: 210, tid: 1, sequence: 7 },
      { name: 'aten::addmm', ts: 230, tid: 1, sequence: 8 },
      { name: 'AddmmBackward0', ts: 300, tid: 2, sequence: 8, thread: 1 },
      { name: 'TBackward0', ts: 310, tid: 2, sequence: 7, thread: 1 },
      { name: 'NobodyBackward0', ts: 320, tid: 2, sequence: 9, thread: 1 },
    );
    expect(links(trace)).toEqual({ AddmmBackward0: 'aten::addmm', TBackward0: 'aten::t' });
  });

  test('that began before it', async () => {
    const trace = await read(
      { name: 'first', ts: 100, tid: 1, sequence: 7 },
      { name: 'LateBackward0', ts: 300, tid: 2, sequence: 8, thread: 1 },
      { name: 'second', ts: 400, tid: 1, sequence: 8 },
    );
    expect(trace.ranges.forward).toBeUndefined();
  });

  const twoThreads: Op[] = [
    { name: 'on 1', ts: 100, tid: 1, sequence: 7 },
    { name: 'on 3', ts: 110, tid: 3, sequence: 7 },
    { name: 'FirstBackward0', ts: 300, tid: 2, sequence: 7, thread: 1 },
    { name: 'ThirdBackward0', ts: 310, tid: 2, sequence: 7, thread: 4 },
  ];

  test('of two threads with the same numbers arrows tell which is meant', async () => {
    const trace = await read(
      ...twoThreads,
      arrow(1, [1, 100], [2, 300]),
      arrow(2, [3, 110], [2, 310]),
    );
    expect(links(trace)).toEqual({ FirstBackward0: 'on 1', ThirdBackward0: 'on 3' });
  });

  test('without arrows nothing is guessed', async () => {
    expect((await read(...twoThreads)).ranges.forward).toBeUndefined();
  });

  test('without arrows the thread that has the numbers is meant', async () => {
    const trace = await read(
      { name: 'on 1', ts: 100, tid: 1, sequence: 7 },
      { name: 'on 1 too', ts: 105, tid: 1, sequence: 8 },
      { name: 'on 3', ts: 110, tid: 3, sequence: 7 },
      { name: 'FirstBackward0', ts: 300, tid: 2, sequence: 8, thread: 1 },
      { name: 'SecondBackward0', ts: 310, tid: 2, sequence: 7, thread: 1 },
    );
    expect(links(trace)).toEqual({ FirstBackward0: 'on 1 too', SecondBackward0: 'on 1' });
  });

  test('of its own process', async () => {
    const trace = await read(
      { name: 'of 1', ts: 100, tid: 1, pid: 1, sequence: 7 },
      { name: 'of 2', ts: 100, tid: 11, pid: 2, sequence: 7 },
      { name: 'OneBackward0', ts: 300, tid: 2, pid: 1, sequence: 7, thread: 1 },
      { name: 'TwoBackward0', ts: 300, tid: 12, pid: 2, sequence: 7, thread: 1 },
    );
    expect(links(trace)).toEqual({ OneBackward0: 'of 1', TwoBackward0: 'of 2' });
  });

  test('of its own rank, where several are merged', async () => {
    const rank = (shift: number) =>
      read(
        {
          name: `forward ${shift}`,
          ts: 100 + shift,
          tid: 1,
          sequence: 7,
          hierarchy: `top(M${shift})`,
        },
        { name: `Backward${shift}`, ts: 300 + shift, tid: 2, sequence: 7, thread: 1 },
      );
    const plain = await read({ name: 'other', ts: 250, tid: 1 });
    const merged = mergeRanks([await rank(0), plain, await rank(7)]);
    expect(links(merged)).toEqual({ Backward0: 'forward 0', Backward7: 'forward 7' });
    const { ranges, names } = merged;
    expect(
      [...(ranges.hierarchy ?? [])].map((id, i) => [names.get(ranges.name[i]), names.get(id)]),
    ).toEqual(
      expect.arrayContaining([
        ['forward 0', 'top(M0)'],
        ['forward 7', 'top(M7)'],
        ['other', ''],
        ['Backward7', ''],
      ]),
    );
  });
});

test('backward kernels of a recorded training step have the module of their forward operator', async () => {
  const name = 'backward.stack.pt.trace.json.gz';
  const trace = await readFixture(name);
  const labels = attribute(trace);
  // By plain search over the file: kernel, call, backward operator around it, forward operator, module.
  const { events } = plainTrace(FIXTURES + name);
  const numbered = events.map((e) => ({
    ...e,
    start: Number(e.tsText),
    end: Number(e.tsText) + (e.dur ?? 0),
    arg: (key: string) => e.args?.[key],
  }));
  const ops = numbered.filter((e) => e.cat === 'cpu_op');
  const modules = numbered.filter((e) => e.name.startsWith('nn.Module: '));
  const around = (rows: typeof numbered, at: (typeof numbered)[number]) =>
    rows
      .filter((r) => r.tid === at.tid && r.start <= at.start && at.start < r.end)
      .sort((a, b) => b.start - a.start);
  const calls = new Map(
    numbered.filter((e) => /^cuda_/.test(e.cat ?? '')).map((e) => [e.arg('correlation'), e]),
  );
  let backward = 0;
  const gpu = numbered
    .filter((e) => /^(kernel|gpu_mem)/.test(e.cat ?? ''))
    .sort((a, b) => a.start - b.start);
  gpu.forEach((kernel, i) => {
    const call = calls.get(kernel.arg('correlation'));
    if (call === undefined) {
      throw new Error('a kernel without its call');
    }
    const engine = around(ops, call).find((op) => Number(op.arg('Fwd thread id')) > 0);
    let from = call;
    if (engine !== undefined) {
      backward++;
      from = ops
        .filter(
          (op) =>
            op.arg('Fwd thread id') === 0 &&
            op.arg('Sequence number') === engine.arg('Sequence number'),
        )
        .sort((a, b) => b.start - a.start)[0];
    }
    const [module] = around(modules, from);
    const path = trace.names.get(labels.module[i]);
    expect(`nn.Module: ${path.split('.').at(-1)}`).toBe(module.name);
  });
  expect(backward).toBeGreaterThan(150);
  expect(gpu).toHaveLength(trace.gpu.count);

  // A backward pass computes two products for each of the forward pass.
  const time = new Map<string, [forward: number, backward: number]>();
  for (let i = 0; i < trace.gpu.count; i++) {
    const { key } = layerTypeOf(labels.type[i]);
    const both = time.get(`${labels.index[i]}`) ?? [0, 0];
    both[labels.rules[labels.rule[i]].includes('backward of') ? 1 : 0] += trace.gpu.duration[i];
    time.set(`${labels.index[i]}`, both);
    expect(key).not.toBe('unclassified');
  }
  expect([...time.keys()]).toEqual(['0', '1']);
  for (const [forward, back] of time.values()) {
    expect(back / forward).toBeGreaterThan(1.5);
    expect(back / forward).toBeLessThan(3);
  }
});
