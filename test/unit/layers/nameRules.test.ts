import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { builtInRules } from '../../../src/layers/builtInRules.js';
import { kernel, sceneTrace, told } from './scene.js';

/** The layer type of a kernel that stands alone in a trace, `-` where its name tells none. */
function typeOf(name: string): string {
  const trace = sceneTrace([{ acts: [kernel(name)] }]);
  const [call] = told(trace, attribute(trace));
  return call.type === 'unclassified' ? '-' : call.type;
}

const recorded = readFileSync('test/fixtures/layers/kernelNames.tsv', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'));

describe('the layer type of a recorded kernel, by its name alone', () => {
  it.each(recorded)('(%s) %s (%s): %s', (_role, type, _trace, name) => {
    expect(typeOf(name)).toBe(type);
  });
});

/** Names as the engines' sources define them, in the spellings in which profilers show them. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  mamba: [
    'mamba3_siso_fwd_kernel',
    'mamba3_siso_step_kernel',
    'mamba_mimo_fwd_kernel_kernel',
    'kernel_cutlass_kernel_mamba_ssmopscutemamba3mamba3_step_fnMamba3Step_object_at_',
    'angle_dt_fwd_kernel',
    '_mamba_chunk_scan_combined_fwd',
    'void tensorrt_llm::kernels::chunk_scan_kernel_hopper<64, 128>(...)',
    'void flashinfer::mamba::selective_state_update_kernel_simple<...>(...)',
  ],
  linear_attention: [
    'chunk_gated_delta_rule_fwd_kernel_h_blockdim64',
    'chunk_scaled_dot_kkt_fwd_kernel',
    'merge_16x16_to_64x64_inverse_kernel',
    'fused_recurrent_gated_delta_rule_fwd_kernel',
    'fused_sigmoid_gating_delta_rule_update_kernel',
    'fused_gdn_gating_kernel',
    'kda_gate_fwd_kernel',
    'chunk_simple_gla_bwd_kernel_dqkg',
    'parallel_retention_fwd_kernel',
    'fused_recurrent_rwkv6_fwd_kernel',
    'fused_recurrent_hgrn_fwd_kernel',
    '_fwd_diag_kernel',
    '_fwd_none_diag_kernel',
    '_linear_attn_decode_kernel',
  ],
  attention: [
    '_ZN7cutlass13device_kernelIN5flash19enable_sm90_or_laterINS1_16FlashAttnFwdSm90INS1_24CollectiveMainloopFwdSm90',
    '_ZN5flash32prepare_varlen_num_blocks_kernelEiiiPKiS1_S1_S1_S1_S1_iiiiiN7cutlass10FastDivmodES3_PiS4_bb',
    'void flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, 64, 128>>(flash::Flash_fwd_params)',
    'void pytorch_flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<...>',
    'fmha_cutlassF_bf16_aligned_64x64_rf_sm80(PyTorchMemEffAttention::AttentionKernel<...>::Params)',
    'void flashinfer::BatchPrefillWithPagedKVCacheKernel<(flashinfer::MaskMode)1>(...)',
    'void flashinfer::BatchDecodeWithPagedKVCacheKernel<...>(...)',
    'void flashinfer::mla::BatchMLAPagedAttentionKernel<...>(...)',
    'void flashinfer::PersistentVariableLengthMergeStatesKernel<...>(...)',
    'void sm90::flash_fwd_splitkv_mla_kernel<...>(...)',
    '_fwd_grouped_kernel_stage1',
    '_fwd_kernel_stage2',
    'void vllm::merge_attn_states_kernel<float, 128>(...)',
    'void vllm::concat_and_cache_mla_kernel<...>(...)',
    'void vllm::paged_attention_v2_reduce_kernel<...>(...)',
    'void tensorrt_llm::kernels::applyBiasRopeUpdateKVCacheV2<...>(...)',
    'void mmha::masked_multihead_attention_kernel<...>(...)',
    '_ZN5aiter32fmha_fwd_hd128_bf16_causal_groupE',
    'void kn_mla_reduce_v1_ps<...>(...)',
    'attn_fwd',
    'triton_tem_fused_flex_attention_0',
    'void flashinfer::BatchQKApplyRotaryPosIdsCosSinCacheKernel<...>(...)',
    'fused_rope_forward_kernel',
  ],
  moe_router: [
    'void vllm::moe::topkGatingSoftmax<4, 128, 4, 16, 32, int>(...)',
    'void vllm::moe::grouped_topk_fused_kernel<...>(...)',
    'void moe_fused_gate_kernel<...>(...)',
    'void biased_grouped_topk_kernel<...>(...)',
    'void dsv3_router_gemm_kernel<...>(...)',
    'void tensorrt_llm::kernels::customMoeRoutingKernel<...>(...)',
  ],
  moe_experts: [
    'fused_moe_kernel',
    'fused_moe_kernel_gptq_awq',
    'void vllm::moe::moe_align_block_size_kernel<int>(...)',
    'void vllm::moe::count_and_sort_expert_tokens_kernel<int>(...)',
    'void vllm::moe::moe_sum_kernel<c10::BFloat16, 8>(...)',
    'void marlin_moe_wna16::Marlin<...>(...)',
    'void tensorrt_llm::kernels::cutlass_kernels::finalizeMoeRoutingKernel<...>(...)',
    'void tensorrt_llm::kernels::cutlass_kernels::expandInputRowsKernel<...>(...)',
    'void deep_gemm::sm90_m_grouped_fp8_gemm_contiguous_1d2d_impl<...>(...)',
    'void deep_gemm::sm90_fp8_gemm_1d2d_impl<0u, 4096u, (deep_gemm::GemmType)1, false>(...)',
    'void ck::moe_mxgemm<...>(...)',
    'aiter::fmoe_bf16_blockscaleFp8_g1u1_vs_silu_1tg_32x256',
    '_fwd_kernel_ep_scatter_2',
    '_silu_and_mul_post_quant_kernel',
    '_p_matmul_ogs_NNT_bf16xbf16xmxfp4_128x256x128x1',
  ],
  moe_all_to_all: [
    'void deep_ep::intranode::dispatch<8, 768, 8192>(...)',
    'void deep_ep::intranode::notify_dispatch<8>(...)',
    '_ZN7deep_ep9intranode7combineI13__nv_bfloat16Li8ELi768ELi4096EEEvPT_',
    'void deep_ep::internode::cached_notify<...>(...)',
    'void deep_ep::internode_ll::combine<3, 7168, 8>(...)',
    'void deep_ep::layout::get_dispatch_layout<256, 32, 8>(...)',
    'notify_dispatch',
    'void pplx::AllToAllIntraNode<...>(...)',
    'void tensorrt_llm::kernels::moe_comm::moeAllToAllKernel<...>(...)',
    'moeA2ADispatchKernel',
    'void mori::moe::EpDispatchIntraNodeKernel<...>(...)',
  ],
  collective: [
    'ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)',
    'ncclDevKernel_Generic_4(ncclDevKernelArgsStorage<4096ul>)',
    'rccl_main_kernel',
    'void sglang::cross_device_reduce_1stage<__nv_bfloat16, 2>(...)',
    'void vllm::cross_device_reduce_2stage<c10::BFloat16, 8>(...)',
    'void quickreduce::allreduce_prototype_twoshot<...>(...)',
    'void (anonymous namespace)::one_shot_all_reduce_kernel<...>(...)',
    'void flashinfer::trtllm_allreduce_fusion::allreduce_fusion_kernel_oneshot_lamport<...>(...)',
    'void tensorrt_llm::kernels::oneShotAllReduceKernel<...>(...)',
    'nvshmemi_barrier_on_stream_kernel',
    'void mscclpp::allreduce_kernel<...>(...)',
  ],
  norm: [
    'void flashinfer::norm::FusedAddRMSNormKernel<8u, __nv_bfloat16>(...)',
    'void vllm::fused_add_rms_norm_static_fp8_quant_kernel<c10::BFloat16, 8>(...)',
    '_ZN5aiter24add_rmsnorm_quant_kernelIDF16bDF16bLi256ELi8ELb1ELb0ELb1ELi1EEE',
  ],
  sampling: [
    'void flashinfer::sampling::TopKTopPSamplingFromProbKernel<1024u>(...)',
    'void flashinfer::sampling::TopPRenormProbKernel<...>(...)',
    'void flashinfer::sampling::MinPSamplingFromProbKernel<...>(...)',
    'rejection_greedy_sample_kernel',
    'void vllm::apply_repetition_penalties_kernel<...>(...)',
  ],
  mlp: [
    'void vllm::act_and_mul_kernel<c10::BFloat16, &vllm::silu_kernel>(...)',
    'triton_poi_fused_mul_silu_2',
  ],
  embedding: ['triton_poi_fused_embedding_0'],
  // What several layers share decides nothing.
  '-': [
    'nvjet_sm90_tst_128x128_64x6_2x1_v_bz_TNT',
    'Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_UserArgs_MT256x32x64',
    'void wvSplitK_hf_sml_<__hip_bfloat16, 64, 4, 16, 8, 1, 4>(...)',
    'void deep_gemm::sm90_fp8_gemm_1d2d_impl<0u, 4096u, (deep_gemm::GemmType)0, false>(...)',
    'void marlin::Marlin<...>(...)',
    'bmm_Bfloat16_E4m3E4m3_Fp32_t128x8x128_s6_et64x8_m64x8x32',
    'void vllm::rms_norm_kernel<c10::BFloat16, 8, 2>(...)',
    'void flashinfer::norm::RMSNormKernel<8u, __nv_bfloat16>(...)',
    '_ZN5aiter24add_rmsnorm_quant_kernelIDF16bDF16bLi64ELi8ELb0ELb0ELb1ELi1EEE',
    'void transformer_engine::normalization::rmsnorm_fwd_tuned_kernel<...>(...)',
    '_layer_norm_fwd_1pass_kernel',
    'l2norm_fwd_kernel',
    'layer_norm_gated_fwd_kernel',
    'void causal_conv1d_fwd_kernel<...>(ConvParamsBase)',
    '_fwd_kernel',
    // Inductor names what it fused, and a q/k norm of attention reads like the norm of a layer.
    'triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_0',
    'triton_red_fused__to_copy_add_embedding_mean_mul_pow_rsqrt_1',
    'triton_poi_fused_add_mul_sigmoid_silu_4',
    'triton_per_fused__softmax_5',
    'void at::native::sbtopk::gatherTopK<float, unsigned int, 2, false>(...)',
    'void (anonymous namespace)::softmax_warp_forward<float, float, float, 6, false, false>(...)',
    'void oneflow::cuda::softmax::BlockAllReduce<...>(...)',
    'void vllm::dynamic_per_token_scaled_fp8_quant_kernel<...>(...)',
    'create_flashinfer_kv_indices_triton',
    'void deep_ep::elastic::pp_send<...>(...)',
    'void at::native::index_elementwise_kernel<128, 4>(...)',
    'parallel_scan_formula_kernel',
  ],
};

describe('the layer type of a kernel of a known engine', () => {
  for (const [type, names] of Object.entries(KNOWN)) {
    it.each(names)(`${type}: %s`, (name) => {
      expect(typeOf(name)).toBe(type);
    });
  }
});

const ROLES: Readonly<Record<string, readonly string[]>> = {
  mamba: ['scan'],
  linear_attention: ['delta'],
  attention: ['attention'],
  moe_router: ['topk'],
  moe_experts: ['grouped_gemm', 'topk', 'sort', 'scatter', 'gather', 'activation'],
  moe_all_to_all: ['collective'],
  collective: ['collective'],
  norm: ['fused_add_norm'],
};

describe('the role of a kernel of a known engine', () => {
  const { structure } = builtInRules();
  for (const [type, roles] of Object.entries(ROLES)) {
    it.each(KNOWN[type])(`agrees with ${type}: %s`, (name) => {
      expect(roles).toContain(structure.find((rule) => rule.kernel.test(name))?.role);
    });
  }
});

describe('the built-in rules', () => {
  const rules = builtInRules();
  it.each(['modules', 'frames', 'names', 'structure', 'steps'] as const)(
    'in %s say why, and have an id of their own',
    (list) => {
      const ids = rules[list].map((rule) => rule.id);
      // Module rules may share an id: they are one notion.
      expect(list === 'modules' ? [] : ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
      expect(rules[list].filter((rule) => rule.why.length < 4)).toEqual([]);
    },
  );

  it('run long on no name, however hostile', () => {
    const parts = [
      'a',
      '_',
      'nccl',
      'mul_silu_',
      'moe::dev::',
      'triton_poi_fused_',
      '_cudnn_',
      '<1, ',
    ];
    const texts = parts.flatMap((first) =>
      parts.map((second) => (first + second).repeat(8192).slice(0, 8192)),
    );
    const slow = [...rules.names, ...rules.structure].filter(({ kernel }) => {
      const began = performance.now();
      texts.forEach((text) => kernel?.test(text));
      return performance.now() - began > 2000;
    });
    expect(slow.map(({ id }) => id)).toEqual([]);
  });
});
