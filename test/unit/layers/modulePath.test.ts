import { describe, expect, it } from 'vitest';
import { builtInRules } from '../../../src/layers/builtInRules.js';
import { parseModulePath, statedModule } from '../../../src/layers/modulePath.js';

/** "word[number]:Class" of each element. */
function elements(path: string): string[] {
  return parseModulePath(path).map(
    ({ word, number, className }) =>
      word + (number < 0 ? '' : `[${number}]`) + (className === '' ? '' : `:${className}`),
  );
}

/** What the built-in rules read in an annotation; "..." before what hangs below the range around it. */
function read(annotation: string): string | null {
  const stated = statedModule(annotation, builtInRules().ranges);
  return stated === null
    ? null
    : (stated.absolute ? '' : '...') + stated.elements.map((element) => element.text).join('.');
}

describe('module paths', () => {
  it.each([
    ['model.layers.17.self_attn', ['model', 'layers[17]', 'self_attn']],
    ['transformer.h.5.attn', ['transformer', 'h[5]', 'attn']],
    ['blocks.0.1.mlp', ['blocks[0]', '1', 'mlp']],
    ['layers.3.mlp.experts.12', ['layers[3]', 'mlp', 'experts[12]']],
    ['', []],
    ['...', []],
    // PyTorch's own test of module hierarchies
    ['TOP(C)::forward.A0(A)::forward.SELF(A)::forward_impl_.', ['TOP:C', 'A0:A']],
    [
      'TOP(Net)::forward.layers(ModuleList).3(__torch__.models.Block)::forward.attn(Attention)::forward.',
      ['TOP:Net', 'layers[3]:Block', 'attn:Attention'],
    ],
    ['top(ResNet).layer1.0.conv1(Conv2d)', ['top:ResNet', 'layer1[0]', 'conv1:Conv2d']],
  ])('%s', (path, expected) => {
    expect(elements(path)).toEqual(expected);
  });

  it('of hostile files are cut', () => {
    expect(parseModulePath('a.'.repeat(5000))).toHaveLength(64);
    expect(parseModulePath('layers.123456789')).toHaveLength(2);
  });
});

describe('annotations that name a module', () => {
  it.each([
    // vLLM and SGLang: str() of a Python dict
    [
      "{'Module': 'top.model.layers.0.self_attn', 'TrainableParams': {'qkv_proj.weight': [6144, 4096]}, 'Inputs': [[8, 4096]]}",
      'top.model.layers.0.self_attn',
    ],
    ["{'Module': 'model.layers.61.mlp.gate', 'Inpu", 'model.layers.61.mlp.gate'],
    ["{'Module': 'top', 'Outputs': [[8, 4096]]}", 'top'],
    ['model.layers.17.mixer', 'model.layers.17.mixer'],
    ['model.layers.17 (input)', 'model.layers.17'],
    ['transformer.h.5.attn', 'transformer.h.5.attn'],
    ['backbone.embeddings', 'backbone.embeddings'],
    ['layers.17', 'layers.17'],
    ['layer 17', '...layers.17'],
    ['layer_17', '...layers.17'],
    ['Layer 17: mamba', '...layers.17.mamba'],
    ['decoder layer 3', '...layers.3'],
    ['attn(F)', '...attn'],
    ['combine(B)', '...combine'],
    ['self_attn', '...self_attn'],
    // names of other things
    ['forward', null],
    ['## forward:bottom_mlp ##', null],
    ['execute_context_1(888)_generation_0(0)', null],
    ['step[DECODE bs=16]', null],
    ['ProfilerStep#3', null],
    ['Optimizer.step#AdamW.step', null],
    ['nccl:all_reduce', null],
    ['aten::add, op_id = 314359', null],
    ['layer_norm 3', null],
    ['decode', null],
    ['model.generate', null],
    ['Torch Compiled Module (input):LlamaForCausalLM', null],
    ["{'Module': 'Torch Compiled Module (input):LlamaForCausalLM', 'Inputs': []}", null],
  ])('%s', (annotation, expected) => {
    expect(read(annotation)).toBe(expected);
  });
});
