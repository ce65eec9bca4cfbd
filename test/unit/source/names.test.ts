import { describe, expect, it } from 'vitest';
import { kernelSymbol } from '../../../src/source/kernelSymbol.js';
import { isModelFrame } from '../../../src/source/modelFrames.js';
import { classOfModule } from '../../../src/source/moduleClass.js';

const frame = (file: string, name = 'forward', library = '') => ({
  file,
  line: 1,
  function: name,
  library,
});

describe('isModelFrame', () => {
  it.each([
    'transformers/models/nemotron_h/modeling_nemotron_h.py',
    'transformers/integrations/sdpa_attention.py',
    'mamba_ssm/ops/triton/ssd_combined.py',
    '/usr/local/lib/python3.12/dist-packages/vllm/model_executor/models/jamba.py',
    '/home/me/torch/model.py',
    'ep.py',
    'C:\\work\\model\\ep.py',
  ])('takes %s', (file) => {
    expect(isModelFrame(frame(file))).toBe(true);
  });

  it.each([
    'torch/nn/modules/linear.py',
    '/opt/venv/lib/python3.12/site-packages/torch/_ops.py',
    '/opt/pytorch/torch/nn/functional.py',
    'triton/runtime/jit.py',
    'einops/einops.py',
    '/usr/lib/python3.12/contextlib.py',
    'functools.py',
    'asyncio/runners.py',
    '<string>',
    '<frozen importlib._bootstrap>',
    'transformers/modeling_layers.py',
    '',
  ])('leaves %j out', (file) => {
    expect(isModelFrame(frame(file))).toBe(false);
  });

  it('leaves wrappers and native code out', () => {
    expect(isModelFrame(frame('ep.py', '_call_impl'))).toBe(false);
    expect(isModelFrame(frame('ep.py', 'decorate_context'))).toBe(false);
    expect(isModelFrame(frame('/src/ep.cpp', 'f', 'libep.so'))).toBe(false);
  });
});

describe('kernelSymbol', () => {
  it.each([
    ['_chunk_scan_fwd_kernel', '_chunk_scan_fwd_kernel'],
    [
      'void selective_scan_fwd_kernel<Selective_Scan_fwd_kernel_traits<128, 16, true, c10::Half>>(SSMParamsBase)',
      'selective_scan_fwd_kernel',
    ],
    ['void (anonymous namespace)::topk<float, (int)8>(float const*, int)', 'topk'],
    ['vllm::act_and_mul_kernel<c10::BFloat16, (true)>', 'act_and_mul_kernel'],
    ['void at::native::elementwise_kernel<128, 4>(int)', ''],
    ['nvjet_tst_128x64_64x8_2x1_v_bz_TNT', ''],
    ['ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)', ''],
    ['triton_poi_fused_add_0', ''],
    ['_ZN3foo3barEv', ''],
    ['Memcpy HtoD (Pageable -> Device)', ''],
    ['', ''],
    ['<<<', ''],
    ['rm -rf /; $(x)', ''],
  ])('of %j is %j', (name, symbol) => {
    expect(kernelSymbol(name)).toBe(symbol);
  });
});

describe('classOfModule', () => {
  it.each([
    ['NemotronHMamba2Mixer_12', 'NemotronHMamba2Mixer'],
    ['RMSNorm', 'RMSNorm'],
    ['_Gate_0', '_Gate'],
    ['layers', ''],
    ['3', ''],
    ['', ''],
  ])('of %j is %j', (instance, name) => {
    expect(classOfModule(instance)).toBe(name);
  });
});
