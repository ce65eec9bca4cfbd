import type { PartKind, ModelPlan } from '../../../../src/layers/model/modelPlan.js';
import { graph, kernel, op, sceneTrace, type Act } from '../scene.js';
import type { Trace } from '../../../../src/trace/index.js';

/** A kernel name of each role that the scenes need. */
export const NAME = {
  gather: 'void at::native::vectorized_gather_kernel<16, long>',
  norm: 'triton_per_fused_native_layer_norm_2',
  gemm: 'void deep_gemm::sm90_fp8_gemm_1d2d_impl<1u, (deep_gemm::GemmType)0>',
  add: 'triton_poi_fused_add_3',
  copy: 'void at::native::elementwise_kernel<128, 4, at::native::direct_copy_kernel_cuda>',
  activation: 'triton_poi_fused_mul_silu_1',
  attention: 'flash_fwd_kernel',
  conv: 'causal_conv1d_fwd_kernel',
  scan: '_chunk_scan_fwd_kernel',
  delta: 'chunk_gated_delta_rule_fwd_kernel_h_blockdim64',
  topk: 'void vllm::moe::topkGatingSoftmax<8, 64, 4, 16, int>',
  experts: 'fused_moe_kernel',
  exchange: 'ncclDevKernel_SendRecv',
  allReduce: 'ncclDevKernel_AllReduce_Sum_bf16_RING_LL',
  memset: 'Memset (Device)',
} as const;
export type Kernel = keyof typeof NAME;

/** Kernels of a part between its normalisation and the residual. */
export const PART = {
  mamba: ['gemm', 'conv', 'scan', 'gemm'],
  linear_attention: ['gemm', 'conv', 'delta', 'gemm'],
  attention: ['gemm', 'attention', 'gemm'],
  mlp: ['gemm', 'activation', 'gemm'],
  moe: ['gemm', 'topk', 'experts', 'activation', 'experts'],
} satisfies Record<string, readonly Kernel[]>;

/** A layer of pre-norm parts: norm, part, residual addition. */
export const layer = (...parts: (readonly Kernel[])[]): Kernel[] =>
  parts.flatMap((part): Kernel[] => ['norm', ...part, 'add']);

/** Embedding, layers, last norm and head. */
export const pass = (...layers: readonly Kernel[][]): Kernel[] => [
  'gather',
  ...layers.flat(),
  'norm',
  'gemm',
];

/** Launches of kernels one after another; the first rows read are an embedding. */
export const launched = (kernels: readonly Kernel[]): Act[] =>
  kernels.map((name) =>
    name === 'gather' ? op('aten::embedding', kernel(NAME.gather)) : kernel(NAME[name]),
  );

export const eager = (kernels: readonly Kernel[]): Trace =>
  sceneTrace([{ acts: launched(kernels) }]);

/** Each list of kernels as one replay of a graph. */
export const replayed = (...graphs: readonly (readonly Kernel[])[]): Trace =>
  sceneTrace([{ acts: graphs.map((kernels) => graph(...kernels.map((name) => NAME[name]))) }]);

/** A plan whose layers have these parts; a list inside runs side by side. */
export function plan(...layers: (PartKind | PartKind[])[][]): ModelPlan {
  return {
    family: 'test',
    layers: layers.map((slots) => ({
      parts: slots.flatMap((slot) =>
        [slot].flat().map((kind, i) => ({
          kind,
          parallel: i > 0,
          sharedExpert: kind === 'moe' ? false : null,
        })),
      ),
    })),
    sizes: {
      hidden: null,
      vocabulary: null,
      heads: null,
      keyValueHeads: null,
      headDim: null,
      intermediate: null,
      expertIntermediate: null,
      experts: null,
      expertsPerToken: null,
    },
    notes: [],
  };
}
