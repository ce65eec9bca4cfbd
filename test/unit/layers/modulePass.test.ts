import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { frame, graph, kernel, module, sceneTrace, told, type Act } from './scene.js';

/** "type@index" of each kernel, by the kernel's name. */
function answers(...acts: Act[]): Record<string, string> {
  const trace = sceneTrace([{ acts }]);
  return Object.fromEntries(
    told(trace, attribute(trace)).map((call) => [call.name, `${call.type}@${call.index}`]),
  );
}

/** A model class of its layers, with an embedding, a final norm and a head around them. */
function causalLM(family: string, layers: readonly Act[]): Act {
  return module(
    `${family}ForCausalLM_0`,
    module(
      `${family}Model_0`,
      kernel('positions'),
      module('Embedding_0', kernel('embed')),
      ...layers,
      module(`${family}RMSNorm_99`, kernel('last norm')),
    ),
    module('Linear_999', kernel('head')),
  );
}

describe('module classes', () => {
  it('tell the parts of a Nemotron-H model apart', () => {
    const block = (n: number, ...mixer: Act[]) =>
      module(
        `NemotronHBlock_${n}`,
        module(`NemotronHRMSNorm_${n}`, kernel(`norm ${n}`)),
        ...mixer,
        kernel(`add ${n}`),
      );
    const result = answers(
      causalLM('NemotronH', [
        block(
          0,
          module(
            'NemotronHMamba2Mixer_0',
            frame('torch/nn/modules/module.py(1): _call_impl', module('Linear_0', kernel('in'))),
            kernel('scan'),
            module('Zamba2RMSNormGated_0', kernel('gated norm')),
          ),
        ),
        block(
          1,
          module(
            'NemotronHMoE_0',
            module('NemotronHTopkRouter_0', kernel('gate')),
            module('Identity_0', kernel('latent')),
            module(
              'NemotronHExperts_0',
              module('EPDispatcher_0', kernel('sort tokens'), kernel('ncclDevKernel_SendRecv')),
              kernel('grouped'),
              module('ReLUSquaredActivation_0', kernel('relu')),
              kernel('ncclDevKernel_AllToAll'),
            ),
            module('NemotronHMLP_0', module('Linear_1', kernel('shared up'))),
            kernel('sum'),
          ),
        ),
        block(2, module('NemotronHAttention_0', module('Linear_2', kernel('q')))),
      ]),
    );
    expect(result).toEqual({
      positions: 'unclassified@-1',
      embed: 'embedding@-1',
      'norm 0': 'norm@0',
      in: 'mamba@0',
      scan: 'mamba@0',
      'gated norm': 'mamba@0',
      'add 0': 'residual@0',
      'norm 1': 'norm@1',
      gate: 'moe_router@1',
      latent: 'moe_experts@1',
      'sort tokens': 'moe_all_to_all@1',
      ncclDevKernel_SendRecv: 'moe_all_to_all@1',
      grouped: 'moe_experts@1',
      relu: 'moe_experts@1',
      ncclDevKernel_AllToAll: 'moe_all_to_all@1',
      'shared up': 'moe_shared_expert@1',
      sum: 'moe_experts@1',
      'add 1': 'residual@1',
      'norm 2': 'norm@2',
      q: 'attention@2',
      'add 2': 'residual@2',
      'last norm': 'norm@-1',
      head: 'lm_head@-1',
    });
  });

  it('count alternating layer classes as one sequence (Jamba), a router may be a plain linear', () => {
    const mamba = (n: number) =>
      module(
        `JambaMambaDecoderLayer_${n}`,
        module(
          `JambaMambaMixer_${n}`,
          kernel(`scan ${n}`),
          module(`JambaRMSNorm_${n}`, kernel(`dt norm ${n}`)),
        ),
        module(`JambaMLP_${n}`, module(`Linear_${n}`, kernel(`up ${n}`))),
      );
    const result = answers(
      causalLM('Jamba', [
        mamba(0),
        module(
          'JambaAttentionDecoderLayer_0',
          module('JambaAttention_0', kernel('attend')),
          module(
            'JambaSparseMoeBlock_0',
            module('Linear_7', kernel('route')),
            module('JambaExperts_0', kernel('experts')),
          ),
        ),
        mamba(1),
      ]),
    );
    expect(result).toMatchObject({
      'scan 0': 'mamba@0',
      'dt norm 0': 'mamba@0',
      'up 0': 'mlp@0',
      attend: 'attention@1',
      route: 'moe_router@1',
      experts: 'moe_experts@1',
      'scan 1': 'mamba@2',
      'up 1': 'mlp@2',
    });
  });

  it('know linear attention, gated shared experts and q/k norms (Qwen3-Next)', () => {
    const moe = (n: number) =>
      module(
        `Qwen3NextSparseMoeBlock_${n}`,
        module(`Qwen3NextTopKRouter_${n}`, kernel(`route ${n}`)),
        module(`Qwen3NextExperts_${n}`, kernel(`experts ${n}`)),
        module(`Qwen3NextMLP_${n}`, module(`Linear_9${n}`, kernel(`shared ${n}`))),
        module(`Linear_8${n}`, kernel(`shared gate ${n}`)),
      );
    const result = answers(
      causalLM('Qwen3Next', [
        module(
          'Qwen3NextDecoderLayer_0',
          module(
            'Qwen3NextGatedDeltaNet_0',
            module('Conv1d_0', kernel('conv')),
            module('Qwen3NextRMSNormGated_0', kernel('gated norm')),
          ),
          moe(0),
        ),
        module(
          'Qwen3NextDecoderLayer_1',
          module(
            'Qwen3NextAttention_0',
            module('Qwen3NextRMSNorm_5', kernel('q norm')),
            module('Qwen3NextRotaryEmbedding_0', kernel('rotate')),
          ),
          moe(1),
        ),
      ]),
    );
    expect(result).toEqual({
      positions: 'unclassified@-1',
      embed: 'embedding@-1',
      conv: 'linear_attention@0',
      'gated norm': 'linear_attention@0',
      'route 0': 'moe_router@0',
      'experts 0': 'moe_experts@0',
      'shared 0': 'moe_shared_expert@0',
      'shared gate 0': 'moe_shared_expert@0',
      'q norm': 'attention@1',
      rotate: 'attention@1',
      'route 1': 'moe_router@1',
      'experts 1': 'moe_experts@1',
      'shared 1': 'moe_shared_expert@1',
      'shared gate 1': 'moe_shared_expert@1',
      'last norm': 'norm@-1',
      head: 'lm_head@-1',
    });
  });

  it.each([
    ['GraniteMoeHybridMambaLayer', 'GraniteMoeHybridDecoderLayer', 'mamba'],
    ['FalconH1Mixer', 'FalconH1DecoderLayer', 'mamba'],
    ['BambaMixer', 'BambaDecoderLayer', 'mamba'],
    ['MambaMixer2', 'NemotronHMambaDecoderLayer', 'mamba'],
    ['MambaMixer', 'MambaBlock', 'mamba'],
    ['Mamba2', 'Block', 'mamba'],
    ['KimiDeltaAttention', 'KimiDecoderLayer', 'linear_attention'],
    ['MiniMaxLightningAttention', 'MiniMaxDecoderLayer', 'linear_attention'],
    ['Qwen3_5GatedDeltaNet', 'Qwen3_5DecoderLayer', 'linear_attention'],
    ['Lfm2ShortConv', 'Lfm2DecoderLayer', 'short_conv'],
    ['Qwen3_5MoeAttention', 'Qwen3_5MoeDecoderLayer', 'attention'],
    ['GraniteMoeHybridAttention', 'GraniteMoeHybridDecoderLayer', 'attention'],
    ['MultiheadAttention', 'TransformerLayer', 'attention'],
    ['CausalSelfAttention', 'Block', 'attention'],
    ['LlamaMLP', 'LlamaDecoderLayer', 'mlp'],
    ['GraniteMoeHybridMLP', 'GraniteMoeHybridDecoderLayer', 'mlp'],
    ['LayerNormMLP', 'TransformerLayer', 'mlp'],
    ['DeepseekV3MoE', 'DeepseekV3DecoderLayer', 'moe_experts'],
    ['OlmoeSparseMoeBlock', 'OlmoeDecoderLayer', 'moe_experts'],
  ])('a kernel of %s in %s is %s', (mixer, layer, type) => {
    const layers = [0, 1].map((n) =>
      module(`${layer}_${n}`, module(`${mixer}_${n}`, kernel(`work ${n}`)), kernel(`add ${n}`)),
    );
    expect(answers(causalLM('Some', layers))).toMatchObject({
      'work 0': `${type}@0`,
      'add 0': 'residual@0',
      'work 1': `${type}@1`,
      'add 1': 'residual@1',
    });
  });

  it('take one MLP in a mixture of experts for the shared expert, several for the experts', () => {
    const layer = (n: number, mlps: number) =>
      module(
        `DeepseekDecoderLayer_${n}`,
        module(
          `DeepseekMoE_${n}`,
          ...Array.from({ length: mlps }, (_, i) =>
            module(`DeepseekMLP_${n}${i}`, kernel(`mlp ${n} ${i}`)),
          ),
        ),
      );
    expect(answers(causalLM('Deepseek', [layer(0, 1), layer(1, 3)]))).toMatchObject({
      'mlp 0 0': 'moe_shared_expert@0',
      'mlp 1 0': 'moe_experts@1',
      'mlp 1 2': 'moe_experts@1',
    });
  });

  it('see a mixture of experts in a feed-forward class by what it calls', () => {
    const layers = [0, 1].map((n) =>
      module(
        `TransformerBlock_${n}`,
        module(
          `MLPBlock_${n}`,
          module(`ReplicatedLinear_${n}`, kernel(`route ${n}`)),
          module(`FusedMoE_${n}`, kernel(`experts ${n}`)),
        ),
      ),
    );
    expect(answers(causalLM('GptOss', layers))).toMatchObject({
      'route 0': 'moe_router@0',
      'experts 1': 'moe_experts@1',
    });
  });

  it('do not take the projector between a vision tower and the language model for the head', () => {
    const tower = [0, 1].map((n) =>
      module(`VisionBlock_${n}`, module(`VisionAttention_${n}`, kernel(`see ${n}`))),
    );
    const text = [0, 1].map((n) =>
      module(`TextDecoderLayer_${n}`, module(`TextAttention_${n}`, kernel(`read ${n}`))),
    );
    const result = answers(
      module(
        'SomeForConditionalGeneration_0',
        module('VisionModel_0', ...tower),
        module('Linear_0', kernel('project')),
        module('TextModel_0', ...text),
        module('Linear_1', kernel('head')),
      ),
    );
    expect(result).toEqual({
      'see 0': 'attention@0',
      'see 1': 'attention@1',
      project: 'unclassified@-1',
      'read 0': 'attention@0',
      'read 1': 'attention@1',
      head: 'lm_head@-1',
    });
  });

  it('say nothing of a model without such layers', () => {
    const stage = (n: number) =>
      module(
        `Sequential_${n}`,
        module(`Bottleneck_${n}`, module(`Conv2d_${n}`, kernel(`conv ${n}`))),
      );
    expect(answers(module('ResNet_0', stage(0), stage(1)))).toEqual({
      'conv 0': 'unclassified@-1',
      'conv 1': 'unclassified@-1',
    });
  });

  it('name the module by instances from the layer down', () => {
    const layers = [0, 1].map((n) =>
      module(
        `LlamaDecoderLayer_${n}`,
        module(`LlamaMLP_${n}`, module(`Linear_${n}`, kernel(`up ${n}`))),
      ),
    );
    const trace = sceneTrace([{ acts: [causalLM('Llama', layers)] }]);
    const byName = Object.fromEntries(
      told(trace, attribute(trace)).map((call) => [call.name, call]),
    );
    expect(byName['up 1']).toMatchObject({
      module: 'LlamaDecoderLayer_1.LlamaMLP_1.Linear_1',
      method: 'module',
    });
    expect(byName['embed'].module).toBe('LlamaForCausalLM_0.LlamaModel_0.Embedding_0');
  });
});

describe('the layer index', () => {
  const layer = (n: number, kernelName = `attend ${n}`) =>
    module(`LlamaDecoderLayer_${n}`, module(`LlamaAttention_${n}`, kernel(kernelName)));
  const step = (...layers: Act[]) => module('LlamaModel_0', ...layers);

  it('is the position in the fullest forward, whatever the instance numbers say', () => {
    // The recording began in the middle of a forward: instances are numbered as they appear.
    const result = answers(
      step(layer(0, 'first half 2'), layer(1, 'first half 3')),
      step(layer(2), layer(3), layer(0), layer(1)),
    );
    expect(result).toEqual({
      'first half 2': 'attention@2',
      'first half 3': 'attention@3',
      'attend 2': 'attention@0',
      'attend 3': 'attention@1',
      'attend 0': 'attention@2',
      'attend 1': 'attention@3',
    });
  });

  it('is kept by a forward that leaves layers out', () => {
    expect(
      answers(step(layer(0), layer(1), layer(2)), step(layer(0, 'a'), layer(2, 'c'))),
    ).toMatchObject({ a: 'attention@0', c: 'attention@2' });
  });

  it('is not given where forwards disagree on the order', () => {
    expect(answers(step(layer(0), layer(1)), step(layer(1, 'b'), layer(0, 'a')))).toEqual({
      'attend 0': 'attention@-1',
      'attend 1': 'attention@-1',
      b: 'attention@-1',
      a: 'attention@-1',
    });
  });

  it('counts the passes through a layer whose weights are shared', () => {
    expect(answers(step(layer(0, 'p0'), layer(1, 'q0'), layer(0, 'p1'), layer(1, 'q1')))).toEqual({
      p0: 'attention@0',
      q0: 'attention@1',
      p1: 'attention@2',
      q1: 'attention@3',
    });
  });

  it('counts layers within stages, not the stages', () => {
    const stage = (n: number) =>
      module(
        `TransformerStage_${n}`,
        module(`SomeLayer_${n}0`, module(`Attention_${n}0`, kernel(`${n}.0`))),
        module(`SomeLayer_${n}1`, module(`Attention_${n}1`, kernel(`${n}.1`))),
      );
    expect(answers(module('Model_0', stage(0)))).toEqual({
      '0.0': 'attention@0',
      '0.1': 'attention@1',
    });
  });

  it('is one per rank, although ranks share instance names', () => {
    const trace = sceneTrace([
      { rank: 0, acts: [step(layer(0, 'r0 a'), layer(1, 'r0 b'))] },
      { rank: 1, acts: [step(layer(1, 'r1 a'), layer(0, 'r1 b'))] },
    ]);
    expect(
      Object.fromEntries(told(trace, attribute(trace)).map((call) => [call.name, call.index])),
    ).toEqual({ 'r0 a': 0, 'r0 b': 1, 'r1 a': 0, 'r1 b': 1 });
  });
});

describe('replayed graphs', () => {
  it('take type from a mixer that launched them, and nothing from wider modules', () => {
    const layers = [0, 1].map((n) =>
      module(
        `LlamaDecoderLayer_${n}`,
        module(`LlamaAttention_${n}`, graph(`inside ${n} a`, `inside ${n} b`)),
      ),
    );
    expect(
      answers(
        causalLM('Llama', layers),
        module('LlamaForCausalLM_0', graph('whole model a', 'whole model b')),
        module(
          'LlamaForCausalLM_0',
          module('LlamaModel_0', module('LlamaDecoderLayer_1', graph('one layer a', 'layer b'))),
        ),
      ),
    ).toMatchObject({
      'inside 0 a': 'attention@0',
      'inside 1 b': 'attention@1',
      'whole model a': 'unclassified@-1',
      'whole model b': 'unclassified@-1',
      'one layer a': 'unclassified@1',
    });
  });
});

describe('damaged ranges', () => {
  it('with a circle of parents end the walk', () => {
    const trace = sceneTrace([
      { acts: [module('A_0', module('B_0', kernel('work'))), kernel('outside')] },
    ]);
    trace.ranges.parent[0] = 1;
    const calls = told(trace, attribute(trace));
    expect(calls.map((call) => call.name)).toEqual(['work', 'outside']);
    expect(calls[0].module).not.toBe('');
    expect(calls[1].module).toBe('');
  });

  it('nested a thousand deep keep a bounded path', () => {
    let act = kernel('deep');
    for (let i = 0; i < 1000; i++) {
      act = module(`Wrapper_${i}`, act);
    }
    const trace = sceneTrace([{ acts: [act] }]);
    const [call] = told(trace, attribute(trace));
    expect(call.module.split('.')).toHaveLength(32);
    expect(call.module.endsWith('Wrapper_0')).toBe(true);
  });
});
