import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { OwnPattern, refusal } from '../../../src/layers/ownPattern.js';
import { givenUp, withOwnRules, type RuleSource } from '../../../src/layers/ownRules.js';
import { kernel, module, sceneTrace, told, type Act } from './scene.js';

const name = (id: string, pattern: string, type: string) => ({
  id,
  kernel: pattern,
  type,
  why: `${id} says so`,
});
const source = (origin: string, json: unknown): RuleSource => ({ origin, json });

function types(sources: readonly RuleSource[], ...acts: Act[]): string[] {
  const trace = sceneTrace([{ acts }]);
  const { rules } = withOwnRules(sources);
  return told(trace, attribute(trace, { rules })).map((call) => call.type);
}

describe("rules of one's own", () => {
  it('decide before the built-in ones, and of two sources the first does', () => {
    const first = source('setting', { names: [name('a', '^flash_fwd_odd', 'mamba')] });
    const second = source('file', {
      names: [name('b', '^flash_fwd', 'mlp')],
      modules: [{ id: 'c', class: '^Wobble', role: 'owner', type: 'mamba', why: 'ours' }],
    });
    expect(
      types(
        [first, second],
        kernel('flash_fwd_odd'),
        kernel('flash_fwd'),
        module('Wobble_0', kernel('k')),
      ),
    ).toEqual(['mamba', 'mlp', 'mamba']);
    expect(types([], kernel('flash_fwd'))).toEqual(['attention']);
  });

  it('are read from text, and a file that is no JSON costs only itself', () => {
    const { mistakes, used } = withOwnRules([
      { origin: 'broken.json', text: '{ "names": [' },
      { origin: 'good.json', text: JSON.stringify({ names: [name('a', 'k', 'mlp')] }) },
      { origin: 'empty.json', text: '{}' },
    ]);
    expect(mistakes).toEqual([expect.stringMatching(/^broken\.json is not JSON: /)]);
    expect(used).toEqual(['good.json']);
  });

  it('hold as far as they are right; each mistake is a sentence with list, rule and key', () => {
    const own = source('layers.json', {
      $schema: 'x',
      name: [],
      names: [
        name('good', '^ours', 'mamba'),
        name('bad-type', '^ours', 'mambo'),
        { ...name('bad-key', '^ours', 'mlp'), kernal: 'x' },
        7,
        name('bad-pattern', '(', 'mlp'),
        name('runs-away', '^(a+)+$', 'mlp'),
      ],
      modules: [
        { id: 'part', class: 'A', role: 'part', in: ['gone'], type: 'mlp', why: 'w' },
        { id: 'gone', class: 'B', role: 'part', in: ['nobody'], type: 'mlp', why: 'w' },
      ],
      steps: {},
      phaseWords: { chew: 'lunch', gnaw: 'decode' },
      layers: { block: '[', blok: 'x' },
    });
    const { rules, mistakes } = withOwnRules([own]);
    expect(mistakes).toEqual([
      expect.stringMatching(/^layers\.json: 'name' is unknown; there are modules, frames, names, /),
      expect.stringMatching(/^layers\.json: layers: 'block' is not a regular expression: /),
      "layers.json: layers: 'blok' is not a key this kind of rule has.",
      "layers.json: names[1] (bad-type): 'type' must be a layer type such as mamba, attention or moe_experts.",
      "layers.json: names[2] (bad-key): 'kernal' is not a key this kind of rule has.",
      'layers.json: names[3]: must be an object.',
      expect.stringMatching(
        /^layers\.json: names\[4\] \(bad-pattern\): 'kernel' is not a regular /,
      ),
      "layers.json: names[5] (runs-away): 'kernel' repeats a group that repeats or has alternatives, which can take forever: ^(a+)+$.",
      "layers.json: 'steps' must be a list of rules.",
      "layers.json: phaseWords: 'chew' must be one of unknown, prefill, decode, mixed, train.",
      "layers.json: modules (gone): 'in' refers to 'nobody', but no module rule has that id.",
      "layers.json: modules (part): 'in' refers to 'gone', but no module rule has that id.",
    ]);
    expect(rules.phaseWords['gnaw']).toBe('decode');
    expect(types([own], kernel('ours'))).toEqual(['mamba']);
  });

  it('of no type yet leave a kernel to the evidence after them', () => {
    const drafts = [
      name('a', '^flash_fwd$', 'unclassified'),
      { ...name('b', '^gemm', 'unclassified'), within: 'x' },
    ];
    const trace = sceneTrace([{ acts: [kernel('flash_fwd'), kernel('gemm')] }]);
    const { rules, mistakes } = withOwnRules([source('S', { names: drafts })]);
    expect(mistakes).toEqual([]);
    expect(
      told(trace, attribute(trace, { rules })).map(({ type, method }) => [type, method]),
    ).toEqual([
      ['unclassified', 'none'],
      ['unclassified', 'none'],
    ]);
  });

  it.each([null, 7, 'text', []])('that are %j are refused, and the built-in ones hold', (json) => {
    const { mistakes } = withOwnRules([source('S', json)]);
    expect(mistakes).toEqual([expect.stringMatching(/^S: rules must be an object with modules, /)]);
    expect(types([source('S', json)], kernel('flash_fwd'))).toEqual(['attention']);
  });
});

describe('a pattern that may run away', () => {
  it.each([
    '(a+)+',
    '^(\\w+\\s?)*$',
    '(a|a)*',
    '(?:x*){2,}',
    '((a)|b)+c',
    '(a+){9}',
    '([a-z]+_)*x',
  ])('is told by its form: %s', (pattern) => {
    expect(refusal(pattern)).not.toBeNull();
  });

  it.each([
    '^nccl\\w+_(AllReduce|AllGather)$',
    '(a+)?b',
    '(ab)+c',
    '[(+)*]+x',
    '\\(a+\\)+',
    '(a|b)?c{2,}',
    '(a+){3}',
    'x{,3}(a{b)+',
    '.*foo.*bar',
  ])('is not %s', (pattern) => {
    expect(refusal(pattern)).toBeNull();
  });

  it('is given up once it took its time, and says so', () => {
    const { rules } = withOwnRules([source('S', { names: [name('slow', 'a*a*a*a*b$', 'mlp')] })]);
    const trace = sceneTrace([
      {
        acts: [kernel('a'.repeat(700)), kernel('a'.repeat(701)), kernel('flash_fwd'), kernel('b')],
      },
    ]);
    const calls = told(trace, attribute(trace, { rules }));
    expect(calls.map((call) => call.type)).toEqual([
      'unclassified',
      'unclassified',
      'attention',
      'unclassified',
    ]);
    expect(givenUp(rules)).toEqual([
      "Rule 'slow': 'kernel' takes too long on the names of this trace and was given up: /a*a*a*a*b$/.",
    ]);
    expect(givenUp(withOwnRules([]).rules)).toEqual([]);
  });

  it('is tried on the beginning of a long text only, and one that cannot on all of it', () => {
    const name = (length: number) => `${'-'.repeat(length)}x`;
    expect(new OwnPattern('a*b*x').test(name(5000))).toBe(false);
    expect(new OwnPattern('a*b*x').test(name(500))).toBe(true);
    expect(new OwnPattern(`^${name(5000)}$`).test(name(5000))).toBe(true);
  });
});
