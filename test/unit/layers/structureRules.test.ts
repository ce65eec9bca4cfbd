import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtInRules } from '../../../src/layers/builtInRules.js';
import { KERNEL_ROLES, parseRules, RuleError } from '../../../src/layers/rules.js';

const roleOf = (name: string): string =>
  builtInRules().structure.find((rule) => rule.kernel.test(name))?.role ?? '-';

const recorded = readFileSync('test/fixtures/layers/kernelNames.tsv', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'));

describe('the role of a recorded kernel', () => {
  it('is known for a kernel of every role', () => {
    expect(new Set(recorded.map(([role]) => role))).toEqual(new Set(['-', ...KERNEL_ROLES]));
  });

  it.each(recorded)('%s, %s (%s): %s', (role, _type, _trace, name) => {
    expect(roleOf(name)).toBe(role);
  });
});

describe('the role of a kernel', () => {
  it.each([
    // A scalar added is no residual addition, nor is index arithmetic.
    ['vectorized_elementwise_kernel<4, at::native::CUDAFunctorOnSelf_add<float>, ', 'add_scalar'],
    ['vectorized_elementwise_kernel<2, at::native::CUDAFunctor_add<long>, ', 'elementwise'],
    ['BUnaryFunctor<at::native::AddFunctor<float> >, vectorized_elementwise_kernel', 'elementwise'],
    ['void at::native::vectorized_elementwise_kernel<4, at::native::AddFunctor<float>, ', 'add'],
    ['_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_15CUDAFunctor_addIfEE', 'add'],
    ['triton_poi_fused_add_3', 'add'],
    // Inductor names the fused operators in alphabetical order: a mean and a reciprocal root prove a norm.
    ['triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_0', 'norm'],
    ['triton_per_fused_native_layer_norm_2', 'norm'],
    ['triton_poi_fused_mul_silu_1', 'activation'],
    ['triton_red_fused_sum_4', 'reduce'],
    ['triton_poi_fused_add_mul_sub_5', 'elementwise'],
    ['_ZN5aiter24add_rmsnorm_quant_kernelIDF16bDF16bLi64ELi8ELb0ELb0ELb1ELi1EEE', 'norm'],
    ['_ZN5aiter24add_rmsnorm_quant_kernelIDF16bDF16bLi64ELi8ELb1ELb0ELb1ELi1EEE', 'fused_add_norm'],
    ['void vllm::moe::topkGatingSoftmax<8, 64, 4, 16, int>', 'topk'],
    ['fused_moe_kernel', 'grouped_gemm'],
    ['void deep_gemm::sm90_fp8_gemm_1d2d_impl<1u, (deep_gemm::GemmType)0>', 'gemm'],
    ['void deep_gemm::sm90_fp8_gemm_1d2d_impl<1u, (deep_gemm::GemmType)2>', 'grouped_gemm'],
    ['void (anonymous namespace)::allreduce_fusion_kernel_oneshot_lamport<...>', 'collective'],
    ['void at::native::_scatter_gather_elementwise_kernel<128, 8>', 'elementwise'],
    ['sm80_xmma_fprop_implicit_gemm_tf32f32_execute_kernel_cudnn', '-'],
    ['Memset (Device)', 'fill'],
    ['my_kernel', '-'],
    ['', '-'],
  ])('%s: %s', (name, role) => {
    expect(roleOf(name)).toBe(role);
  });
});

describe('structure rules of a user', () => {
  const good = { id: 'x', kernel: 'k', role: 'gemm', why: 'w' };
  it.each([
    [
      { ...good, role: 'gem' },
      /^S: structure\[0\] \(x\): 'role' must be one of gemm, gemm_tail, grouped_gemm, /,
    ],
    [
      { ...good, kernel: undefined },
      /^S: structure\[0\] \(x\): a structure rule has a 'kernel'\.$/,
    ],
    [
      { ...good, type: 'mamba' },
      /^S: structure\[0\] \(x\): 'type' is not a key this kind of rule has\.$/,
    ],
  ])('that are wrong are refused: %j', (rule, sentence) => {
    const read = () => parseRules({ structure: [rule] }, 'S');
    expect(read).toThrow(RuleError);
    expect(read).toThrow(sentence);
  });
});
