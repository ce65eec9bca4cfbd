import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import {
  annotation,
  graph,
  kernel,
  module,
  op,
  sceneTrace,
  told,
  type Act,
  type Thread,
} from './scene.js';

/** "type@index" of each kernel, by the kernel's name. */
function answersOf(...threads: Thread[]): Record<string, string> {
  const trace = sceneTrace(threads);
  return Object.fromEntries(
    told(trace, attribute(trace)).map((call) => [call.name, `${call.type}@${call.index}`]),
  );
}
const answers = (...acts: Act[]) => answersOf({ acts });

/** A layer-wise range of vLLM: one around the module, one of no length after it. */
const layerwise = (path: string, ...inside: Act[]): Act[] => [
  annotation(`{'Module': '${path}', 'TrainableParams': {}, 'Inputs': [[8, 4096]]}`, ...inside),
  annotation(`{'Module': '${path}', 'Outputs': [[8, 4096]]}`),
];

describe('layer-wise ranges', () => {
  it('give type, index and path of a hybrid model whose mixers share one name', () => {
    const layer = (n: number, ...parts: Act[]) =>
      layerwise(
        `top.model.layers.${n}`,
        ...layerwise(`top.model.layers.${n}.norm`, kernel(`norm ${n}`)),
        ...parts,
        kernel(`add ${n}`),
      );
    const mixer = (n: number, ...inside: Act[]) =>
      layerwise(`top.model.layers.${n}.mixer`, ...inside);
    const at = (n: number, name: string, ...inside: Act[]) =>
      layerwise(`top.model.layers.${n}.mixer.${name}`, ...inside);
    const acts = layerwise(
      'top.model',
      ...layerwise('top.model.embeddings', kernel('embed')),
      // Layers 0 to 3 ran on another pipeline stage.
      ...layer(4, ...mixer(4, ...at(4, 'in_proj', kernel('in')), kernel('scan'))),
      ...layer(
        5,
        ...mixer(5, ...at(5, 'qkv_proj', kernel('qkv')), ...at(5, 'q_norm', kernel('q'))),
      ),
      ...layer(
        6,
        ...mixer(
          6,
          ...at(6, 'gate', kernel('route')),
          ...at(6, 'shared_experts', ...at(6, 'shared_experts.up_proj', kernel('shared'))),
          ...at(6, 'experts', kernel('grouped'), kernel('ncclDevKernel_SendRecv')),
          kernel('sum'),
        ),
      ),
      ...layer(7, ...mixer(7, ...at(7, 'up_proj', kernel('up')))),
      ...layer(8, ...mixer(8, kernel('who knows'))),
      ...layerwise('top.model.norm_f', kernel('last norm')),
    );
    const trace = sceneTrace([{ acts: [...acts, ...layerwise('top.lm_head', kernel('head'))] }]);
    const calls = told(trace, attribute(trace));
    expect(Object.fromEntries(calls.map((c) => [c.name, `${c.type}@${c.index}`]))).toEqual({
      embed: 'embedding@-1',
      'norm 4': 'norm@4',
      in: 'mamba@4',
      scan: 'mamba@4',
      'add 4': 'residual@4',
      'norm 5': 'norm@5',
      qkv: 'attention@5',
      q: 'attention@5',
      'add 5': 'residual@5',
      'norm 6': 'norm@6',
      route: 'moe_router@6',
      shared: 'moe_shared_expert@6',
      grouped: 'moe_experts@6',
      ncclDevKernel_SendRecv: 'moe_all_to_all@6',
      sum: 'moe_experts@6',
      'add 6': 'residual@6',
      'norm 7': 'norm@7',
      up: 'mlp@7',
      'add 7': 'residual@7',
      'norm 8': 'norm@8',
      'who knows': 'unclassified@8',
      'add 8': 'unclassified@8',
      'last norm': 'norm@-1',
      head: 'lm_head@-1',
    });
    expect(calls.find((call) => call.name === 'qkv')).toMatchObject({
      module: 'top.model.layers.5.mixer.qkv_proj',
      method: 'module',
    });
  });

  it('tell linear attention from attention by its parts', () => {
    expect(
      answers(
        ...layerwise('model.layers.0.self_attn.q_conv1d', kernel('conv')),
        ...layerwise('model.layers.0.self_attn', kernel('delta')),
        ...layerwise('model.layers.1.self_attn', kernel('flash')),
        ...layerwise('model.layers.2.linear_attn', kernel('gated')),
      ),
    ).toEqual({
      conv: 'linear_attention@0',
      delta: 'linear_attention@0',
      flash: 'attention@1',
      gated: 'linear_attention@2',
    });
  });

  it('of a replayed graph decide only where an owner launched all of it', () => {
    expect(
      answers(
        ...layerwise('model.layers.0', graph('a', 'b')),
        ...layerwise('model.layers.1.mlp', graph('c', 'd')),
      ),
    ).toEqual({ a: 'unclassified@0', b: 'unclassified@0', c: 'mlp@1', d: 'mlp@1' });
  });
});

describe('annotations with a number or a name', () => {
  it('give the index alone where the layer is not taken apart', () => {
    expect(
      answers(annotation('layer 17', kernel('gemm')), annotation('layers.18', kernel('add'))),
    ).toEqual({ gemm: 'unclassified@17', add: 'unclassified@18' });
  });

  it('are read within one another', () => {
    expect(
      answers(
        annotation(
          'layer 3',
          annotation('attn(F)', kernel('a')),
          annotation('dispatch(F)', kernel('d')),
          annotation('mlp(B)', kernel('m')),
          kernel('between'),
        ),
        annotation('Layer 4: mamba', kernel('s')),
        annotation('transformer.h.5.attn', kernel('h')),
      ),
    ).toEqual({
      a: 'attention@3',
      d: 'moe_all_to_all@3',
      m: 'mlp@3',
      between: 'residual@3',
      s: 'mamba@4',
      h: 'attention@5',
    });
  });

  it('find the layers of stages, and those that have lists of their own', () => {
    expect(
      answers(
        annotation('layers.2.blocks.1.attn', kernel('swin')),
        annotation('encoder.block.4.layer.1.DenseReluDense', kernel('t5')),
      ),
    ).toEqual({ swin: 'attention@1', t5: 'mlp@4' });
  });

  it('complete what nn.Module ranges say: the stated index stands above the counted one', () => {
    const layer = (n: number): Act =>
      annotation(
        `layer ${n + 20}`,
        module(`LlamaDecoderLayer_${n}`, module(`LlamaAttention_${n}`, kernel(`a${n}`))),
      );
    const trace = sceneTrace([{ acts: [module('LlamaModel_0', layer(0), layer(1))] }]);
    expect(told(trace, attribute(trace)).map((c) => [c.type, c.index, c.module])).toEqual([
      ['attention', 20, 'LlamaDecoderLayer_0.LlamaAttention_0'],
      ['attention', 21, 'LlamaDecoderLayer_1.LlamaAttention_1'],
    ]);
  });
});

describe('module hierarchies of operators (2021, 2022)', () => {
  it('are read by class and by name', () => {
    const trace = sceneTrace([
      {
        acts: [
          op('aten::linear', op('aten::addmm', kernel('q'))),
          op('aten::add', kernel('add')),
          op('aten::mm', kernel('plain')),
        ],
      },
    ]);
    const top = 'TOP(Net)::forward.layers(ModuleList).2(Block)::forward.';
    const hierarchy = new Uint32Array(trace.ranges.count);
    hierarchy[0] = trace.names.intern(
      `${top}token_mixing(SelfAttention)::forward.q(Linear)::forward.`,
    );
    hierarchy[2] = trace.names.intern(top);
    const labels = attribute({ ...trace, ranges: { ...trace.ranges, hierarchy } });
    expect(told(trace, labels).map((c) => [c.name, c.type, c.index, c.module])).toEqual([
      ['q', 'attention', 2, 'TOP.layers.2.token_mixing.q'],
      ['add', 'residual', 2, 'TOP.layers.2'],
      ['plain', 'unclassified', -1, ''],
    ]);
  });
});

describe('modules whose callers were not recorded', () => {
  const layer = (n: number, tag: string): Act =>
    module(
      `LlamaDecoderLayer_${n}`,
      module(`LlamaAttention_${n}`, kernel(`a${n}${tag}`)),
      kernel(`add${n}${tag}`),
    );

  it('are known from where they stand elsewhere', () => {
    expect(
      answers(
        module('LlamaAttention_0', kernel('a0 cut')),
        layer(1, ' cut'),
        module('LlamaModel_0', layer(0, ''), layer(1, '')),
        module('LlamaAttention_1', kernel('a1 again')),
      ),
    ).toEqual({
      'a0 cut': 'attention@0',
      'a1 again': 'attention@1',
      'a1 cut': 'attention@1',
      'add1 cut': 'residual@1',
      a0: 'attention@0',
      add0: 'residual@0',
      a1: 'attention@1',
      add1: 'residual@1',
    });
  });

  it('keep their types without an index where nothing holds them', () => {
    expect(answers(layer(6, ''), layer(7, ''))).toEqual({
      a6: 'attention@-1',
      add6: 'residual@-1',
      a7: 'attention@-1',
      add7: 'residual@-1',
    });
  });

  it('are not taken for those of another process', () => {
    const model = (...layers: Act[]): Act => module('LlamaModel_0', ...layers);
    expect(
      answersOf(
        { process: '1', acts: [model(layer(0, ' p'), layer(1, ' p'))] },
        { process: '2', acts: [model(layer(1, ' q'), layer(0, ' q')), layer(0, ' q cut')] },
      ),
    ).toMatchObject({
      'a0 p': 'attention@0',
      'a1 p': 'attention@1',
      'a1 q': 'attention@0',
      'a0 q': 'attention@1',
      'a0 q cut': 'attention@1',
    });
  });
});

describe('layers that do not show what is in them (compiled)', () => {
  it('have an index, and no type beyond what names prove', () => {
    const closed = (n: number): Act =>
      module(`LlamaDecoderLayer_${n}`, kernel(`triton_red_${n}`), kernel(`flash_fwd_${n}`));
    expect(
      answers(module('LlamaForCausalLM_0', module('LlamaModel_0', closed(0), closed(1)))),
    ).toEqual({
      triton_red_0: 'unclassified@0',
      flash_fwd_0: 'attention@0',
      triton_red_1: 'unclassified@1',
      flash_fwd_1: 'attention@1',
    });
  });
});

describe('what a layer itself calls', () => {
  it('is residual, unless it gathers parameters from other GPUs', () => {
    const wrapped = (n: number): Act =>
      module(
        `FullyShardedDataParallel_${n}`,
        kernel(`ncclDevKernel_AllGather_${n}`),
        module(
          `LlamaDecoderLayer_${n}`,
          module(`LlamaAttention_${n}`, kernel(`a${n}`)),
          kernel(`add${n}`),
        ),
      );
    expect(answers(module('LlamaModel_0', wrapped(0), wrapped(1)))).toEqual({
      ncclDevKernel_AllGather_0: 'collective@0',
      a0: 'attention@0',
      add0: 'residual@0',
      ncclDevKernel_AllGather_1: 'collective@1',
      a1: 'attention@1',
      add1: 'residual@1',
    });
  });

  it('of one linear module is an adapter, of several its feed-forward part', () => {
    const layer = (n: number, ...linear: Act[]): Act =>
      module(`OPTDecoderLayer_${n}`, module(`OPTAttention_${n}`, kernel(`a${n}`)), ...linear);
    expect(
      answers(
        module(
          'Model_0',
          layer(0, module('Linear_0', kernel('only'))),
          layer(1, module('Linear_1', kernel('fc1')), module('Linear_2', kernel('fc2'))),
          layer(
            2,
            module('Linear_3', kernel('l')),
            module('Linear_4', kernel('m')),
            module('MLP_0', kernel('n')),
          ),
        ),
      ),
    ).toMatchObject({
      only: 'residual@0',
      fc1: 'mlp@1',
      fc2: 'mlp@1',
      l: 'unclassified@2',
      n: 'mlp@2',
    });
  });

  it('is told from the family in a class name', () => {
    const layer = (n: number, ...inside: Act[]): Act => module(`XDecoderLayer_${n}`, ...inside);
    expect(
      answers(
        module(
          'Model_0',
          layer(
            0,
            module('KimiLinearAttention_0', kernel('full')),
            module('Glm4MoeMLP_0', kernel('dense')),
          ),
          layer(
            1,
            module('KimiLinearDeltaAttention_0', kernel('delta')),
            module(
              'Glm4MoeMoE_0',
              module('Glm4MoeTopkRouter_0', kernel('route')),
              module('Glm4MoeMLP_1', kernel('shared')),
            ),
          ),
        ),
      ),
    ).toEqual({
      full: 'attention@0',
      dense: 'mlp@0',
      delta: 'linear_attention@1',
      route: 'moe_router@1',
      shared: 'moe_shared_expert@1',
    });
  });
});
