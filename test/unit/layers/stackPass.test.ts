import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import type { Frame } from '../../../src/trace/index.js';
import { frame, hostCall, kernel, module, sceneTrace, told, type Act } from './scene.js';

const python = (file: string, name: string): Frame => ({
  file,
  line: 7,
  function: name,
  library: '',
});
const native = (name: string, library: string): Frame => ({
  file: '',
  line: 0,
  function: name,
  library,
});

/** The answer for one host call with a stack, innermost frame first. */
function ofStack(...frames: Frame[]): string {
  const trace = sceneTrace([{ acts: [hostCall('cudaMalloc', 0)] }], {
    frames,
    stacks: [frames.map((_, i) => i)],
  });
  const [call] = told(trace, attribute(trace));
  return `${call.type}/${call.method}`;
}

function ofFrames(...acts: Act[]): Record<string, string> {
  const trace = sceneTrace([{ acts }]);
  return Object.fromEntries(
    told(trace, attribute(trace)).map((call) => [call.name, `${call.type}/${call.method}`]),
  );
}

describe('launch stacks', () => {
  const site = '/opt/venv/lib/python3.12/site-packages';
  const model = python(`${site}/transformers/models/qwen2/modeling_qwen2.py`, 'forward');
  const call = python(`${site}/torch/nn/modules/module.py`, '_call_impl');
  const sample = python(`${site}/transformers/generation/utils.py`, '_sample');

  it('tell attention by the function, whatever lies outside it', () => {
    const sdpa = python(
      `${site}/transformers/integrations/sdpa_attention.py`,
      'sdpa_attention_forward',
    );
    expect(ofStack(native('cudaMalloc+0x1', 'libcudart.so'), sdpa, model, call, sample)).toBe(
      'attention/stack',
    );
  });

  it('stop at model code: sampling around a forward does not own what the forward launches', () => {
    expect(ofStack(model, call, sample)).toBe('unclassified/none');
    expect(ofStack(python(`${site}/torch/nn/modules/linear.py`, 'forward'), call, sample)).toBe(
      'unclassified/none',
    );
    expect(ofStack(native('at::argmax', 'libtorch.so'), sample)).toBe('sampling/stack');
  });

  it.each([
    [`${site}/mamba_ssm/ops/triton/ssd_combined.py`, 'forward', 'mamba'],
    [`${site}/vllm/model_executor/layers/mamba/mamba_mixer2.py`, 'forward_cuda', 'mamba'],
    [`${site}/vllm/model_executor/layers/mamba/ops/causal_conv1d.py`, 'f', 'unclassified'],
    [`${site}/vllm/model_executor/layers/mamba/short_conv.py`, 'forward', 'short_conv'],
    [`${site}/fla/ops/gated_delta_rule/chunk.py`, 'chunk', 'linear_attention'],
    [`${site}/vllm/model_executor/layers/fused_moe/layer.py`, 'forward', 'moe_experts'],
    [`${site}/deep_ep/buffer.py`, 'low_latency_dispatch', 'moe_all_to_all'],
    [`${site}/vllm/v1/attention/backends/flash_attn.py`, 'forward', 'attention'],
    [`${site}/vllm/v1/attention/backends/flash_attn.py`, 'build', 'unclassified'],
    [`${site}/vllm/v1/attention/backends/mamba2_attn.py`, 'forward', 'unclassified'],
    [`${site}/vllm/v1/sample/ops/topk_topp_sampler.py`, 'forward', 'sampling'],
    [`${site}/transformers/models/mamba/modeling_mamba.py`, 'forward', 'unclassified'],
    ['C:\\venv\\Lib\\site-packages\\flash_attn\\flash_attn_interface.py', 'f', 'attention'],
  ])('%s %s is %s', (file, name, type) => {
    expect(ofStack(python(file, name)).split('/')[0]).toBe(type);
  });

  it('are read from Python frames around a launch, up to the nearest module', () => {
    expect(
      ofFrames(
        frame('serve.py(1): loop', frame('x/sampler.py(4): pick', kernel('pick'))),
        frame('x/sampler.py(4): pick', module('Custom_0', kernel('own module'))),
        frame(
          'x/sampler.py(4): pick',
          module('Custom_1', frame('y/integrations/sdpa_attention.py(9): f', kernel('attend'))),
        ),
      ),
    ).toEqual({
      pick: 'sampling/stack',
      'own module': 'unclassified/none',
      attend: 'attention/stack',
    });
  });

  it('do not speak for a stack the file lost', () => {
    const trace = sceneTrace([{ acts: [hostCall('cudaMalloc', -2), hostCall('cudaFree')] }]);
    expect(told(trace, attribute(trace)).map((answer) => answer.type)).toEqual([
      'unclassified',
      'unclassified',
    ]);
  });
});
