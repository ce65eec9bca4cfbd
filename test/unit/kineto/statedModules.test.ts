import { expect, test } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { layerTypeOf } from '../../../src/trace/index.js';
import { readText } from './readFixture.js';

const row = (cat: string, name: string, ts: number, dur: number, args: object = {}): object => ({
  ph: 'X',
  cat,
  name,
  pid: 1,
  tid: 1,
  ts,
  dur,
  args,
});
/** A call at `ts` and the kernel it launched. */
const launch = (correlation: number, ts: number, kernel: string): object[] => [
  row('cuda_runtime', 'cudaLaunchKernel', ts, 1, { correlation }),
  {
    ...row('kernel', kernel, ts + 1000, 3, { device: 0, stream: 7, correlation }),
    pid: 0,
    tid: 7,
  },
];

/** [kernel, type, index, module] of each kernel of these rows. */
async function told(...rows: object[]): Promise<unknown[]> {
  const trace = await readText(JSON.stringify({ schemaVersion: 1, traceEvents: rows }));
  const labels = attribute(trace);
  return [...trace.gpu.name].map((name, i) => [
    trace.names.get(name),
    layerTypeOf(labels.type[i]).key,
    labels.index[i],
    trace.names.get(labels.module[i]),
  ]);
}

// As vLLM's hooks push and pop them: a range around the module, a mark with its outputs behind it, the
// next module at once. Written for this test after the source of the hooks; the kernels are made up.
test('layer-wise annotations are read, the marks between them own nothing', async () => {
  const enter = (path: string): string =>
    `{'Module': '${path}', 'TrainableParams': {'weight': [64, 64]}, 'Inputs': [[8, 64], ["x"]]}`;
  const leave = (path: string): string => `{'Module': '${path}', 'Outputs': [[8, 64]]}`;
  const layer = 'top.model.layers.3';
  expect(
    await told(
      row('user_annotation', enter(layer), 0, 100),
      row('user_annotation', enter(`${layer}.input_layernorm`), 1, 9),
      ...launch(1, 5, 'norm'),
      row('user_annotation', leave(`${layer}.input_layernorm`), 10, 0),
      row('user_annotation', enter(`${layer}.self_attn`), 10, 40),
      row('user_annotation', enter(`${layer}.self_attn.q_norm`), 11, 9),
      ...launch(2, 15, 'q norm'),
      row('user_annotation', leave(`${layer}.self_attn.q_norm`), 20, 0),
      row('cpu_op', 'aten::mm', 21, 9),
      ...launch(3, 25, 'gemm'),
      row('user_annotation', leave(`${layer}.self_attn`), 50, 0),
      ...launch(4, 60, 'add'),
      row('user_annotation', leave(layer), 100, 0),
      ...launch(5, 110, 'after'),
    ),
  ).toEqual([
    ['norm', 'norm', 3, `${layer}.input_layernorm`],
    ['q norm', 'attention', 3, `${layer}.self_attn.q_norm`],
    ['gemm', 'attention', 3, `${layer}.self_attn`],
    ['add', 'residual', 3, layer],
    ['after', 'unclassified', -1, ''],
  ]);
});

test('an operator may state the hierarchy of its module', async () => {
  const hierarchy = (text: string): object => ({ 'Module Hierarchy': text });
  expect(
    await told(
      row(
        'cpu_op',
        'aten::linear',
        0,
        50,
        hierarchy('TOP(Net)::forward.h(ModuleList).5(Block)::forward.attn(Attention)::forward.'),
      ),
      row('cpu_op', 'aten::addmm', 1, 40, hierarchy('')),
      ...launch(1, 5, 'gemm'),
      row('cpu_op', 'aten::add', 60, 10, hierarchy('TOP(Net)::forward.')),
      ...launch(2, 65, 'add'),
    ),
  ).toEqual([
    ['gemm', 'attention', 5, 'TOP.h.5.attn'],
    ['add', 'unclassified', -1, 'TOP'],
  ]);
});
