import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import type { Trace } from '../../../src/trace/index.js';
import {
  annotation,
  backward,
  copy,
  frame,
  kernel,
  marked,
  module,
  op,
  sceneTrace,
  told,
  type Act,
} from './scene.js';

const EVALUATE = 'autograd::engine::evaluate_function: ';
const engine = (of: string, node: string, ...inside: Act[]): Act =>
  backward(of, EVALUATE + node, backward(of, node, ...inside));
const accumulate = (...inside: Act[]): Act =>
  op(
    `${EVALUATE}torch::autograd::AccumulateGrad`,
    op('torch::autograd::AccumulateGrad', ...inside),
  );

const layer = (n: number): Act =>
  module(
    `LlamaDecoderLayer_${n}`,
    module(
      `LlamaAttention_${n}`,
      module(`Linear_${n}`, marked(`linear ${n}`, 'aten::linear', kernel(`fwd q${n}`))),
    ),
    marked(`add ${n}`, 'aten::add', kernel(`fwd add${n}`)),
  );
const model = module(
  'LlamaForCausalLM_0',
  module('LlamaModel_0', layer(0), layer(1)),
  marked('loss', 'aten::cross_entropy_loss', kernel('fwd loss')),
);

function labelled(...acts: Act[]): { trace: Trace; labels: ReturnType<typeof attribute> } {
  const trace = sceneTrace([{ acts: [model] }, { acts }]);
  return { trace, labels: attribute(trace) };
}
/** "type@index by rule" of each call launched on autograd's thread. */
function answers(...acts: Act[]): Record<string, string> {
  const { trace, labels } = labelled(...acts);
  return Object.fromEntries(
    told(trace, labels).flatMap((call, i) =>
      call.name.startsWith('fwd')
        ? []
        : [[call.name, `${call.type}@${call.index} ${labels.rules[labels.rule[i]]}`]],
    ),
  );
}

describe('backward operators', () => {
  it('work for the module of the forward operator they belong to', () => {
    const { trace, labels } = labelled(
      engine('linear 1', 'MmBackward0', op('aten::mm', kernel('dgrad'), kernel('wgrad'))),
      engine('add 0', 'AddBackward0', kernel('dadd')),
    );
    const calls = told(trace, labels).filter((call) => call.name.startsWith('d'));
    expect(calls).toEqual([
      {
        name: 'dgrad',
        type: 'attention',
        index: 1,
        module: 'LlamaDecoderLayer_1.LlamaAttention_1.Linear_1',
        method: 'module',
      },
      { name: 'dadd', type: 'residual', index: 0, module: 'LlamaDecoderLayer_0', method: 'module' },
    ]);
    const rule = (name: string) =>
      labels.rules[labels.rule[told(trace, labels).findIndex((call) => call.name === name)]];
    expect(rule('dgrad')).toBe('Module class: backward of attention module [attention]');
    expect(rule('fwd q1')).toBe('Module class: attention module [attention]');
  });

  it('are followed by the adding up of their gradients, and by nothing else', () => {
    expect(
      answers(
        accumulate(kernel('before any')),
        engine('linear 0', 'TBackward0'),
        accumulate(kernel('weight')),
        accumulate(kernel('bias'), kernel('ncclDevKernel_AllReduce_Sum_bf16')),
        op(`${EVALUATE}UnknownBackward0`, kernel('unknown')),
        accumulate(kernel('after unknown')),
      ),
    ).toEqual({
      'before any': expect.stringMatching(/^unclassified@-1 /),
      weight:
        'attention@0 Module class: adding up gradients after backward of attention module [attention]',
      bias: 'attention@0 Module class: adding up gradients after backward of attention module [attention]',
      ncclDevKernel_AllReduce_Sum_bf16:
        'collective@-1 Name: collective communication kernel [collective]',
      unknown: expect.stringMatching(/^unclassified@-1 /),
      'after unknown': expect.stringMatching(/^unclassified@-1 /),
    });
  });

  it('do not own what hooks send between GPUs meanwhile', () => {
    expect(
      answers(engine('linear 1', 'MmBackward0', kernel('ncclDevKernel_AllGather_RING_LL'))),
    ).toEqual({
      ncclDevKernel_AllGather_RING_LL:
        'collective@1 Name: collective communication kernel [collective]',
    });
  });

  it('belong to the module that runs around them, where one does (checkpointing)', () => {
    expect(
      answers(
        engine(
          'add 1',
          'CheckpointFunctionBackward',
          module(
            'LlamaDecoderLayer_1',
            module('LlamaAttention_1', marked('again', 'aten::linear', kernel('recomputed'))),
          ),
          engine('again', 'MmBackward0', kernel('inner')),
        ),
      ),
    ).toEqual({
      recomputed: 'attention@1 Module class: attention module [attention]',
      inner: 'attention@1 Module class: backward of attention module [attention]',
    });
  });

  it('of operators that name a layer, without modules', () => {
    const trace = sceneTrace([
      {
        acts: [
          marked('sdpa', 'aten::scaled_dot_product_attention', kernel('fwd')),
          frame(
            'mamba_ssm/ops/selective_scan_interface.py(40): selective_scan_fn',
            marked('scan', 'SomeFn', kernel('gemm')),
          ),
        ],
      },
      {
        acts: [
          engine('sdpa', 'ScaledDotProductBackward0', kernel('dq')),
          engine('scan', 'SomeFnBackward', kernel('dx')),
        ],
      },
    ]);
    const labels = attribute(trace);
    expect(
      told(trace, labels).map((c, i) => [c.name, c.type, c.method, labels.rules[labels.rule[i]]]),
    ).toEqual([
      ['fwd', 'attention', 'name', 'Operator: attention kernel [attention]'],
      ['gemm', 'mamba', 'stack', 'Call stack: Mamba function on the stack [frame-mamba-function]'],
      ['dq', 'attention', 'name', 'Operator, backward of: attention kernel [attention]'],
      [
        'dx',
        'mamba',
        'stack',
        'Call stack: backward of Mamba function on the stack [frame-mamba-function]',
      ],
    ]);
  });

  it('that lead in a circle lead nowhere', () => {
    const trace = sceneTrace([{ acts: [op('a', kernel('k')), op('b', kernel('l'))] }]);
    const labels = attribute({
      ...trace,
      ranges: { ...trace.ranges, forward: Int32Array.of(1, 0) },
    });
    expect(told(trace, labels).map((call) => call.type)).toEqual(['unclassified', 'unclassified']);
  });
});

describe('work outside the layers', () => {
  it('stays unclassified and says why', () => {
    expect(
      answers(
        engine('loss', 'NllLossBackward0', kernel('dloss')),
        annotation(
          'Optimizer.step#AdamW.step',
          op('aten::_foreach_add_', kernel('multi_tensor_apply_kernel')),
          copy('Memcpy DtoD (Device -> Device)'),
        ),
        frame('/x/torch/optim/sgd.py(117): step', op('aten::add_', kernel('sgd'))),
      ),
    ).toEqual({
      dloss: 'unclassified@-1 Outside the layers: loss of the training step [loss]',
      multi_tensor_apply_kernel:
        'unclassified@-1 Outside the layers: optimizer step: updates the parameters of all layers [optimizer]',
      'Memcpy DtoD (Device -> Device)': 'memcpy@-1 Name: memory copy that no layer claims [copy]',
      sgd: 'unclassified@-1 Call stack: optimizer code: works on the parameters of all layers [frame-optimizer]',
    });
  });
});
