import { describe, expect, it } from 'vitest';
import { attribute } from '../../../../src/layers/attribute.js';
import { builtInRules } from '../../../../src/layers/builtInRules.js';
import type { ModelPlan, PartKind } from '../../../../src/layers/model/modelPlan.js';
import type { Trace } from '../../../../src/trace/index.js';
import { graph, kernel, module, sceneTrace, told } from '../scene.js';
import {
  eager,
  launched,
  layer,
  NAME,
  PART,
  pass,
  plan,
  replayed,
  type Kernel,
} from './modelScene.js';

const hybrid = [layer(PART.mamba), layer(PART.moe), layer(PART.attention), layer(PART.mlp)];
const hybridPlan = plan(['mamba'], ['moe'], ['attention'], ['mlp']);

/** `type index` of each GPU event, in the order of the launches. */
function read(trace: Trace, model?: ModelPlan): string[] {
  const { launch } = trace.gpu;
  const labels = told(trace, attribute(trace, model === undefined ? {} : { model }));
  return [...labels.keys()]
    .sort((a, b) => launch[a] - launch[b] || a - b)
    .map((row) => labels[row])
    .map(({ type, index }) => (index < 0 ? type : `${type} ${index}`));
}

/** Why the calls that are left have no type, each reason once. */
function reasons(trace: Trace, model?: ModelPlan): string[] {
  const labels = attribute(trace, model === undefined ? {} : { model });
  const left = [...labels.type.keys()].filter((row) => labels.type[row] === 0);
  return [...new Set(left.map((row) => labels.rules[labels.rule[row]]))];
}

const inLayer = (index: number, ...types: string[]): string[] =>
  types.map((type) => `${type} ${index}`);
const times = <T>(count: number, ...items: T[]): T[] =>
  Array.from({ length: count }, () => items).flat();
const repeat = (type: string, times: number): string[] => Array.from({ length: times }, () => type);

const hybridLabels = [
  'embedding',
  ...inLayer(0, 'norm', ...repeat('mamba', 4), 'residual'),
  ...inLayer(1, 'norm', 'moe_router', 'moe_router', ...repeat('moe_experts', 3), 'residual'),
  ...inLayer(2, 'norm', ...repeat('attention', 3), 'residual'),
  ...inLayer(3, 'norm', ...repeat('mlp', 3), 'residual'),
  'norm',
  'lm_head',
];

describe('the roles of the scene', () => {
  it('are those the rules give its kernels', () => {
    const role = (name: Kernel) =>
      builtInRules().structure.find((rule) => rule.kernel.test(NAME[name]))?.role;
    expect((Object.keys(NAME) as Kernel[]).map(role)).toEqual([
      'gather',
      'norm',
      'gemm',
      'add',
      'copy',
      'activation',
      'attention',
      'conv1d',
      'scan',
      'delta',
      'topk',
      'grouped_gemm',
      'collective',
      'collective',
      'fill',
    ]);
  });
});

describe('a pass through the layers of a configuration', () => {
  it('gives every kernel its part and its layer', () => {
    expect(read(eager(pass(...hybrid)), hybridPlan)).toEqual(hybridLabels);
  });

  it('is found again in each pass of a recording', () => {
    const two = [...pass(...hybrid), ...pass(...hybrid)];
    expect(read(eager(two), hybridPlan)).toEqual([...hybridLabels, ...hybridLabels]);
  });

  it('is found in each replay of a graph, in which no operator names the embedding', () => {
    const layers = times(6, ...hybrid);
    const model = plan(...times<PartKind[]>(6, ['mamba'], ['moe'], ['attention'], ['mlp']));
    const graphs = replayed(pass(...layers), pass(...layers), pass(...layers));
    const labels = read(graphs, model);
    const once = labels.slice(0, labels.length / 3);
    expect(labels).toEqual([...once, ...once, ...once]);
    expect(once.filter((label) => label === 'mamba 20')).toHaveLength(4);
    expect(once.slice(-2)).toEqual(['norm', 'lm_head']);
  });

  it('goes through graphs that hold a piece of it each', () => {
    const pieces = [
      ...launched(['gather']),
      ...hybrid.map((kernels) => graph(...kernels.map((name) => NAME[name]))),
      ...launched(['norm', 'gemm']),
    ];
    expect(read(sceneTrace([{ acts: pieces }]), hybridPlan)).toEqual(hybridLabels);
  });

  it('follows the launches, not the streams or the times', () => {
    const own = sceneTrace([
      { acts: launched(pass(...hybrid)) },
      { rank: 1, acts: launched(pass(...hybrid)) },
    ]);
    expect(read(own, hybridPlan)).toEqual([...hybridLabels, ...hybridLabels]);
  });

  it('is taken where the recording begins or ends inside it, beside a whole one', () => {
    const whole = pass(...hybrid, ...hybrid, ...hybrid);
    const model = plan(...times<PartKind[]>(3, ['mamba'], ['moe'], ['attention'], ['mlp']));
    const labels = read(eager(whole), model);
    const cut = read(eager([...whole.slice(7), ...whole, ...whole.slice(0, 60)]), model);
    expect(labels.filter((label) => label === 'unclassified')).toEqual([]);
    expect(cut).toEqual([...labels.slice(7), ...labels, ...labels.slice(0, 60)]);
  });

  it('is not taken from a piece alone', () => {
    const labels = read(eager(pass(...hybrid).slice(7, 21)), hybridPlan);
    expect(labels.filter((label) => /\d/.test(label))).toEqual([]);
  });
});

describe('a part of a layer', () => {
  const around = (kernels: Kernel[], model: PartOf): string[] => {
    const labels = read(
      eager(pass(hybrid[0], kernels, hybrid[2])),
      plan(['mamba'], model, ['attention']),
    );
    return labels.slice(7, 7 + kernels.length);
  };
  type PartOf = Parameters<typeof plan>[number];

  it('runs beside another of the same layer', () => {
    expect(around(layer([...PART.attention, ...PART.mamba]), [['mamba', 'attention']])).toEqual(
      inLayer(1, 'norm', ...repeat('attention', 3), ...repeat('mamba', 4), 'residual'),
    );
  });

  it('may have a normalisation behind it', () => {
    const sandwich: Kernel[] = [
      'norm',
      ...PART.attention,
      'norm',
      'add',
      'norm',
      ...PART.mlp,
      'norm',
      'add',
    ];
    expect(around(sandwich, ['attention', 'mlp'])).toEqual(
      inLayer(
        1,
        'norm',
        ...repeat('attention', 3),
        'norm',
        'residual',
        'norm',
        ...repeat('mlp', 3),
        'norm',
        'residual',
      ),
    );
  });

  it('keeps what its collectives are, with the index of the layer that waits for them', () => {
    const parallel = layer([...PART.attention, 'allReduce'], [...PART.mlp, 'allReduce']);
    expect(around(parallel, ['attention', 'mlp'])).toEqual(
      inLayer(
        1,
        'norm',
        ...repeat('attention', 3),
        'collective',
        'residual',
        'norm',
        ...repeat('mlp', 3),
        'collective',
        'residual',
      ),
    );
    const experts = layer([
      'gemm',
      'topk',
      'exchange',
      'experts',
      'activation',
      'experts',
      'exchange',
    ]);
    expect(around(experts, ['moe'])).toEqual(
      inLayer(
        1,
        'norm',
        'moe_router',
        'moe_router',
        'moe_all_to_all',
        ...repeat('moe_experts', 3),
        'moe_all_to_all',
        'residual',
      ),
    );
  });
});

describe('a configuration that is not the model’s', () => {
  const layers = Array.from({ length: 8 }, (_, i) =>
    i % 4 === 3 ? layer(PART.attention, PART.moe) : layer(PART.linear_attention, PART.mlp),
  );
  const parts = (i: number): PartKind[] =>
    i % 4 === 3 ? ['attention', 'moe'] : ['linear_attention', 'mlp'];
  const planOf = (count: number, partsOf: (i: number) => PartKind[]): ModelPlan =>
    plan(...Array.from({ length: count }, (_, i) => partsOf(i)));
  const trace = eager([...pass(...layers), ...pass(...layers)]);

  it.each([
    ['fewer layers', planOf(7, parts)],
    ['half the layers', planOf(4, parts)],
    ['more layers', planOf(9, parts)],
    ['many more layers', planOf(24, parts)],
    ['other kinds', planOf(8, (i) => [i % 4 === 3 ? 'mamba' : 'attention', 'mlp'])],
    ['kinds in another order', planOf(8, (i) => parts(i + 1))],
  ])('with %s leaves the reading that needs none', (_, wrong) => {
    const right = read(trace, planOf(8, parts));
    expect(read(trace, wrong)).toEqual(read(trace));
    expect(read(trace)).toEqual(right);
  });

  it('is named in the reason where no reading is left', () => {
    const wrong = plan(['attention'], ['mlp'], ['linear_attention'], ['moe']);
    expect(reasons(eager(pass(...hybrid).slice(7, 21)), wrong)).toEqual([
      'Structure: the kernels around it do not follow the 4 layers of test',
    ]);
  });
});

describe('without a configuration', () => {
  it('counts layers of a mixer and a feed-forward part', () => {
    const layers = [
      layer(PART.attention, PART.mlp),
      layer(PART.mamba, PART.mlp),
      layer(PART.attention, PART.moe),
    ];
    const labels = read(eager([...pass(...layers), ...pass(...layers)]));
    expect(labels.slice(0, 12)).toEqual([
      'embedding',
      ...inLayer(
        0,
        'norm',
        ...repeat('attention', 3),
        'residual',
        'norm',
        ...repeat('mlp', 3),
        'residual',
      ),
      'norm 1',
    ]);
  });

  it('names parts without an index where a layer may be one part', () => {
    const parts = [layer(PART.mamba), layer(PART.mamba), layer(PART.moe), layer(PART.attention)];
    const labels = read(eager([...pass(...parts), ...pass(...parts)]));
    expect(labels.slice(1, 7)).toEqual(['norm', ...repeat('mamba', 4), 'residual']);
    expect(labels.some((label) => /\d/.test(label))).toBe(false);
  });

  it('says what would help where no order repeats', () => {
    expect(reasons(eager(pass(...hybrid).slice(7, 21)))).toEqual([
      'Structure: no order of layers repeats among its neighbours; a model configuration would help',
    ]);
  });
});

describe('what order does not touch', () => {
  it('is a sequence without normalisations', () => {
    const labels = read(eager(['gemm', 'add', 'gemm', 'scan', 'gemm']), hybridPlan);
    expect(labels).toEqual([
      'unclassified',
      'unclassified',
      'unclassified',
      'mamba',
      'unclassified',
    ]);
  });

  it('is a backward pass', () => {
    const kernels = launched(pass(...hybrid)).concat(
      Array.from({ length: 6 }, () => kernel('layer_norm_backward_kernel')),
    );
    const trace = sceneTrace([{ acts: kernels }]);
    expect(reasons(trace, hybridPlan)).toEqual([
      'Structure: a backward pass runs its layers in another order than the model states',
    ]);
  });

  it('is what modules say', () => {
    const inside = module('LlamaAttention_0', ...launched(['gemm', 'attention', 'gemm']));
    const trace = sceneTrace([{ acts: [inside, ...launched(pass(...hybrid))] }]);
    const labels = told(trace, attribute(trace, { model: hybridPlan }));
    expect(labels.slice(0, 3).map(({ method }) => method)).toEqual(['module', 'module', 'module']);
  });
});

describe('two models in one process', () => {
  it('do not lend each other their layers', () => {
    const draft = [layer(PART.attention, PART.mlp), layer(PART.attention, PART.mlp)];
    const labels = read(
      eager([...pass(...hybrid), ...pass(...draft), ...pass(...hybrid)]),
      hybridPlan,
    );
    expect(labels.slice(0, hybridLabels.length)).toEqual(hybridLabels);
    expect(labels.slice(-hybridLabels.length)).toEqual(hybridLabels);
    const between = labels.slice(hybridLabels.length, -hybridLabels.length);
    expect(between.filter((label) => /\d/.test(label))).toEqual([]);
  });
});
