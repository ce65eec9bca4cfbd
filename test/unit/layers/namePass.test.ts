import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { builtInRules } from '../../../src/layers/builtInRules.js';
import { mergeRules, parseRules } from '../../../src/layers/rules.js';
import {
  annotation,
  copy,
  graph,
  hostCall,
  kernel,
  module,
  op,
  sceneTrace,
  told,
  type Act,
} from './scene.js';

function answers(...acts: Act[]): Record<string, string> {
  const trace = sceneTrace([{ acts }]);
  return Object.fromEntries(told(trace, attribute(trace)).map((call) => [call.name, call.type]));
}

describe('kernel names', () => {
  it.each([
    ['selective_scan_fwd_kernel<...>', 'mamba'],
    ['_chunk_scan_fwd_kernel', 'mamba'],
    ['_chunk_state_fwd_kernel', 'mamba'],
    ['chunk_gated_delta_rule_fwd_kernel_h', 'linear_attention'],
    ['void flash_fwd_splitkv_kernel<...>', 'attention'],
    ['cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16', 'attention'],
    ['reshape_and_cache_flash_kernel', 'attention'],
    ['kernel_unified_attention_2d', 'attention'],
    ['void vllm::moe::topkGatingSoftmax<...>', 'moe_router'],
    ['fused_moe_kernel', 'moe_experts'],
    ['_ZN7cutlass13device_kernelINS5_17GroupProblemShapeIN4cute5tuple', 'moe_experts'],
    ['ncclDevKernel_AllToAll_RING_LL', 'moe_all_to_all'],
    ['deep_ep::intranode::dispatch<...>', 'moe_all_to_all'],
    ['void vllm::fused_add_rms_norm_kernel<...>', 'norm'],
    ['ncclDevKernel_AllReduce_Sum_bf16_RING_LL', 'collective'],
    ['void vllm::cross_device_reduce_2stage<...>', 'collective'],
    ['void at::native::reduce_kernel<at::native::ArgMaxOps<float>>', 'sampling'],
    ['nvjet_sm90_tst_128x8_64x12_4x1_v_bz_TNT', 'unclassified'],
    ['void at::native::vectorized_elementwise_kernel<4>', 'unclassified'],
    ['void cutlass::Kernel2<cutlass_80_simt_sgemm_128x64>', 'unclassified'],
    ['', 'unclassified'],
  ])('%s is %s', (name, type) => {
    expect(answers(kernel(name))).toEqual({ [name]: type });
  });

  it('of a send-receive are an expert exchange only where experts are evident', () => {
    expect(answers(kernel('ncclDevKernel_SendRecv'), kernel('gemm'))).toEqual({
      ncclDevKernel_SendRecv: 'collective',
      gemm: 'unclassified',
    });
    for (const evidence of ['fused_moe_kernel', 'topk_softmax', 'moe_dispatch_all_to_all']) {
      expect(answers(kernel(evidence), kernel('ncclDevKernel_SendRecv'))).toMatchObject({
        ncclDevKernel_SendRecv: 'moe_all_to_all',
      });
    }
  });

  it('give way to the collective the file names', () => {
    const moe = kernel('fused_moe_kernel');
    const sendRecv = (collective: string) => kernel('ncclDevKernel_SendRecv', { collective });
    expect(answers(moe, sendRecv('all_to_allv'))).toMatchObject({
      ncclDevKernel_SendRecv: 'moe_all_to_all',
    });
    // Pipeline stages of a mixture-of-experts model also send and receive.
    expect(answers(moe, sendRecv('send'))).toMatchObject({ ncclDevKernel_SendRecv: 'collective' });
    // Sequence parallelism exchanges by all-to-all without any expert.
    expect(answers(sendRecv('all_to_allv'))).toEqual({ ncclDevKernel_SendRecv: 'collective' });
  });

  it('of a kernel that serves every collective follow what launched it', () => {
    const generic = kernel('ncclDevKernel_Generic_4');
    const moe = kernel('fused_moe_kernel');
    const exchange = op('c10d::alltoall_base_', op('aten::empty'), generic);
    expect(answers(exchange, moe)).toMatchObject({ ncclDevKernel_Generic_4: 'moe_all_to_all' });
    expect(answers(exchange)).toMatchObject({ ncclDevKernel_Generic_4: 'collective' });
    expect(answers(annotation('nccl:all_to_allv', generic), moe)).toMatchObject({
      ncclDevKernel_Generic_4: 'moe_all_to_all',
    });
    expect(answers(op('c10d::allreduce_', generic), moe)).toMatchObject({
      ncclDevKernel_Generic_4: 'collective',
    });
    expect(answers(generic, moe)).toMatchObject({ ncclDevKernel_Generic_4: 'collective' });
    // A pipeline stage of a model with experts hands its activations on.
    expect(
      answers(op('c10d::send', kernel('ncclDevKernel_SendRecv')), kernel('fused_moe_kernel')),
    ).toMatchObject({ ncclDevKernel_SendRecv: 'collective' });
  });

  it('of a causal convolution follow the only kind of recurrent layer there is', () => {
    const conv = kernel('causal_conv1d_fwd_kernel');
    const mamba = kernel('selective_scan_fwd_kernel');
    const linear = kernel('chunk_gated_delta_rule_fwd');
    expect(answers(conv, mamba)).toMatchObject({ causal_conv1d_fwd_kernel: 'mamba' });
    expect(answers(conv, linear)).toMatchObject({ causal_conv1d_fwd_kernel: 'linear_attention' });
    expect(answers(conv, mamba, linear)).toMatchObject({
      causal_conv1d_fwd_kernel: 'unclassified',
    });
    expect(answers(conv)).toEqual({ causal_conv1d_fwd_kernel: 'unclassified' });
  });

  it('of a gated activation are an MLP only where there are no experts', () => {
    const act = kernel('silu_and_mul: act_and_mul_kernel');
    expect(answers(act)).toEqual({ 'silu_and_mul: act_and_mul_kernel': 'mlp' });
    expect(answers(act, kernel('fused_moe_kernel'))).toMatchObject({
      'silu_and_mul: act_and_mul_kernel': 'unclassified',
    });
  });

  it('of megabytes cost no more than long ones', () => {
    const long = 'nccl'.repeat(500_000);
    expect(answers(kernel(long), annotation('execute_model '.repeat(100_000)))).toEqual({
      [long]: 'collective',
    });
  });

  it('never override a module', () => {
    const trace = sceneTrace([{ acts: [module('SomeAttention_0', kernel('fused_moe_kernel'))] }]);
    expect(told(trace, attribute(trace))).toMatchObject([{ type: 'attention', method: 'module' }]);
  });

  it('speak for replayed kernels, operators around the graph launch do not', () => {
    expect(
      answers(op('aten::_grouped_mm', graph('selective_scan_fwd_kernel', 'gemm'))),
    ).toMatchObject({ selective_scan_fwd_kernel: 'mamba', gemm: 'unclassified' });
  });
});

describe('rules that hold within a range', () => {
  const rules = mergeRules(
    builtInRules(),
    parseRules(
      {
        names: [
          { id: 'a', kernel: '^gemm', within: '^ours$', type: 'mlp', why: 'ours' },
          { id: 'b', kernel: '^gemm', within: 'attn', type: 'attention', why: 'ours' },
        ],
      },
      'S',
    ),
  );
  const types = (...acts: Act[]) => {
    const trace = sceneTrace([{ acts }]);
    return told(trace, attribute(trace, { rules })).map((call) => call.type);
  };

  it('leave the other calls of the name to the rules after them', () => {
    expect(
      types(
        annotation('ours', op('aten::mm', kernel('gemm'))),
        annotation('ours 2', kernel('gemm')),
        op('my::attn', kernel('gemm')),
        op('aten::_grouped_mm', kernel('gemm')),
        annotation('ours', kernel('other')),
        annotation('ours', graph('gemm', 'gemm')),
      ),
    ).toEqual([
      ...['mlp', 'unclassified', 'attention', 'moe_experts', 'unclassified'],
      // A replayed graph stands for many layers, whatever is around its launch.
      ...['unclassified', 'unclassified'],
    ]);
  });
});

describe('operators around a launch', () => {
  it('tell what a shared kernel is for, the innermost that says anything first', () => {
    expect(
      answers(
        op('aten::_grouped_mm', kernel('gemm a')),
        op('aten::linear', op('aten::mm', kernel('gemm b'))),
        op('aten::scaled_dot_product_attention', op('aten::mul', kernel('scale'))),
        op('aten::scaled_dot_product_attention', op('aten::argmax', kernel('odd'))),
      ),
    ).toEqual({
      'gemm a': 'moe_experts',
      'gemm b': 'unclassified',
      scale: 'attention',
      odd: 'sampling',
    });
  });
});

describe('memory copies', () => {
  const name = 'Memcpy DtoD (Device -> Device)';

  it('stay unclassified where a layer may own them and the trace cannot say', () => {
    expect(answers(copy(name), kernel('gemm'))).toMatchObject({ [name]: 'unclassified' });
  });

  it('are memory copies where modules are recorded and none launched them', () => {
    expect(answers(module('SomeMLP_0', kernel('gemm')), copy(name))).toMatchObject({
      [name]: 'memcpy',
    });
    // Before the first module the recording may have begun inside a layer.
    expect(answers(copy(name), module('SomeMLP_0', kernel('gemm')))).toMatchObject({
      [name]: 'unclassified',
    });
    expect(answers(module('SomeMLP_0', copy(name)))).toEqual({ [name]: 'mlp' });
  });

  it('are memory copies where the trace has nothing but names', () => {
    const trace = sceneTrace([], { loose: [name] });
    expect(told(trace, attribute(trace))).toMatchObject([{ type: 'memcpy' }]);
  });

  it('are told among host calls by the stack that was looked at', () => {
    const trace = sceneTrace(
      [{ acts: [hostCall('cudaMemcpyAsync', 0), hostCall('cudaMemcpyAsync')] }],
      { frames: [{ file: 'a.py', line: 1, function: 'f', library: '' }], stacks: [[0]] },
    );
    expect(told(trace, attribute(trace)).map((call) => call.type)).toEqual([
      'memcpy',
      'unclassified',
    ]);
  });
});
