import { describe, expect, it } from 'vitest';
import { attribute, type LabelledTrace } from '../../../../src/layers/attribute.js';
import type { Trace } from '../../../../src/trace/index.js';
import { graph, hostCall, kernel, module, sceneTrace, told, type Act } from '../scene.js';
import { eager, launched, layer, NAME, PART, pass, replayed, type Kernel } from './modelScene.js';

const kernels = (names: readonly Kernel[]): Act[] => names.map((name) => kernel(NAME[name]));

/** A layer with modules: a norm, a mixer or MLP, and the residual the layer adds itself. */
const block = (index: number, cls: string, part: readonly Kernel[]): Act =>
  module(
    `LlamaDecoderLayer_${index}`,
    module(`LlamaRMSNorm_${index}`, kernel(NAME.norm)),
    module(cls, ...kernels(part)),
    kernel(NAME.add),
  );
const model = (): Act =>
  module(
    'LlamaForCausalLM_0',
    module(
      'LlamaModel_0',
      module('Embedding_0', kernel(NAME.gather)),
      block(0, 'LlamaAttention_0', PART.attention),
      block(1, 'LlamaMLP_0', PART.mlp),
      block(2, 'LlamaAttention_1', PART.attention),
      block(3, 'LlamaMLP_1', PART.mlp),
      module('LlamaRMSNorm_9', kernel(NAME.norm)),
    ),
    module('Linear_9', kernel(NAME.gemm)),
  );
const order: Kernel[] = pass(
  layer(PART.attention),
  layer(PART.mlp),
  layer(PART.attention),
  layer(PART.mlp),
);
const labelled = (trace: Trace): LabelledTrace => ({ trace, labels: attribute(trace) });
const withModules = labelled(sceneTrace([{ acts: [model()] }]));

/** `type index method` of each GPU event. */
function read(trace: Trace, companion?: LabelledTrace): string[] {
  const labels = attribute(trace, companion === undefined ? {} : { companion });
  return told(trace, labels).map(({ type, index, method }) =>
    method === 'companion' ? `${type} ${index}` : `${method || 'none'}: ${type}`,
  );
}

function reasons(trace: Trace, companion: LabelledTrace): Set<string> {
  const labels = attribute(trace, { companion });
  return new Set(
    [...labels.type.keys()]
      .filter((row) => labels.type[row] === 0)
      .map((row) => labels.rules[labels.rule[row]]),
  );
}

const typeAndIndex = ({ trace, labels }: LabelledTrace): string[] =>
  told(trace, labels).map(({ type, index }) => `${type} ${index}`);

describe('a companion whose passes run the same kernels', () => {
  it('lends its labels, kernel for kernel', () => {
    const expected = typeAndIndex(withModules);
    expect(expected).toContain('attention 2');
    expect(read(replayed(order), withModules)).toEqual(expected);
    expect(read(eager(order), withModules)).toEqual(expected);
  });

  it('lends them to each replay, and its modules with them', () => {
    const trace = sceneTrace([
      { acts: [graph(...order.map((name) => NAME[name]))] },
      { acts: [graph(...order.map((name) => NAME[name]))] },
    ]);
    const modules = told(trace, attribute(trace, { companion: withModules }));
    const own = told(withModules.trace, withModules.labels);
    const times = (path: string, all: typeof own): number =>
      all.filter(({ module }) => module === path).length;
    const path = own[3].module;
    expect(path).toMatch(/LlamaAttention/);
    expect(times(path, modules)).toBe(2 * times(path, own));
  });

  it('leaves memsets that a graph adds where the companion tells nothing, and finds the rest', () => {
    const added = [...order.slice(0, 4), 'memset', ...order.slice(4)] as Kernel[];
    const labels = read(replayed(added), withModules);
    expect(labels[4]).toBe('attention 0');
    expect(labels.filter((_, i) => i !== 4)).toEqual(typeAndIndex(withModules));
  });

  it('finds the rest where a fused kernel stands for several, or other names do the same', () => {
    const fused = order.filter((name, i) => !(name === 'add' && i < 7));
    const other = fused.map((name) =>
      name === 'gemm' ? 'void cutlass::Kernel<gemm_f16>' : NAME[name],
    );
    const labels = read(sceneTrace([{ acts: [graph(...other)] }]), withModules);
    const expected = typeAndIndex(withModules).filter((_, i) => order[i] !== 'add' || i >= 7);
    expect(labels).toEqual(expected);
  });
});

describe('a companion of another model', () => {
  const mamba = (): Act =>
    module(
      'MambaModel_0',
      module('Embedding_0', kernel(NAME.gather)),
      ...[0, 1, 2, 3].map((i) =>
        module(
          `MambaBlock_${i}`,
          module(`MambaMixer_${i}`, ...kernels(['conv', 'copy', 'scan', 'copy', 'conv', 'scan'])),
        ),
      ),
    );
  it('is not used, and the reason says so', () => {
    const other = labelled(sceneTrace([{ acts: [mamba()] }]));
    expect(read(replayed(order), other)).toEqual(read(replayed(order)));
    const withoutNorms = replayed(order.filter((name) => name !== 'norm'));
    expect(reasons(withoutNorms, other)).toEqual(
      new Set([
        'Companion: no forward pass of the companion trace runs such kernels in this order',
      ]),
    );
  });
});

describe.each([
  ['cuda', 'cudaStreamBeginCapture', 'cudaStreamEndCapture', 'cudaLaunchKernel', 'cudaMemsetAsync'],
  [
    'hip',
    'hipStreamBeginCapture',
    'hipStreamEndCapture',
    'hipExtModuleLaunchKernel',
    'hipMemsetAsync',
  ],
])('a companion that saw the capture of the graph (%s)', (_, begin, end, launch, memset) => {
  const calls = (count: number): Act[] => Array.from({ length: count }, () => hostCall(launch));
  const captured = (...acts: Act[]): LabelledTrace =>
    labelled(sceneTrace([{ acts: [kernel('warm-up'), hostCall(begin), ...acts, hostCall(end)] }]));
  const layers = [
    module(
      'LlamaModel_0',
      module('LlamaDecoderLayer_0', module('LlamaAttention_0', ...calls(3))),
      module('LlamaDecoderLayer_1', module('LlamaMLP_0', hostCall(memset), ...calls(2))),
    ),
  ];
  const names: Kernel[] = ['gemm', 'attention', 'gemm', 'memset', 'gemm', 'gemm'];
  const expected = [
    ...['attention 0', 'attention 0', 'attention 0'],
    ...['mlp 1', 'mlp 1', 'mlp 1'],
  ];

  it('lends a label to each call it recorded', () => {
    expect(read(replayed(names), captured(...layers))).toEqual(expected);
  });

  it('counts what has no kernel of its own', () => {
    const graphs = replayed(names, names);
    expect(read(graphs, captured(...layers)).sort()).toEqual([...expected, ...expected].sort());
  });

  it('is not used where the counts differ', () => {
    const trace = replayed([...names, 'gemm']);
    expect(read(trace, captured(...layers))).toEqual(read(trace));
    expect(reasons(trace, captured(...layers))).toContain(
      'Companion: no graph recorded in it has 7 calls of such kinds in this order',
    );
  });

  it('is not used where distinctive kernels stand in another order', () => {
    const trace = replayed(['gemm', 'gemm', 'gemm', 'memset', 'attention', 'gemm']);
    expect(read(trace, captured(...layers))).toEqual(read(trace));
  });

  it('is not used where nothing tells what the calls belong to', () => {
    const trace = replayed(names);
    expect(reasons(trace, captured(...calls(6)))).toContain(
      'Companion: the calls recorded into its graphs have neither modules nor a stack',
    );
  });
});

describe('no companion', () => {
  it('changes nothing', () => {
    expect(read(sceneTrace([{ acts: launched(['attention']) }]))).toEqual(['name: attention']);
  });
});
