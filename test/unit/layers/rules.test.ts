import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { builtInRules } from '../../../src/layers/builtInRules.js';
import { mergeRules, parseRules, RuleError } from '../../../src/layers/rules.js';
import { annotation, kernel, module, sceneTrace, told } from './scene.js';

describe('the built-in rules', () => {
  it('hold together', () => {
    const rules = builtInRules();
    expect(rules.modules.length).toBeGreaterThan(10);
    expect(() => mergeRules(rules, parseRules({}, 'nothing'))).not.toThrow();
  });
});

describe('rules of a user', () => {
  it('decide before the built-in ones', () => {
    const own = parseRules(
      {
        modules: [{ id: 'ours', class: '^Wobble', role: 'owner', type: 'mamba', why: 'our mixer' }],
        names: [{ id: 'ours', kernel: '^wk_', type: 'attention', why: 'our kernel' }],
        steps: [{ id: 'ours', match: '^tick (?<number>\\d+) (?<phase>\\w+)', why: 'our step' }],
        phaseWords: { Chew: 'prefill' },
      },
      'settings',
    );
    const trace = sceneTrace([
      {
        acts: [annotation('tick 9 chew', module('WobbleMLP_0', kernel('a')), kernel('wk_flash'))],
      },
    ]);
    const labels = attribute(trace, { rules: mergeRules(builtInRules(), own) });
    expect(told(trace, labels)).toMatchObject([
      { type: 'mamba', method: 'module' },
      { type: 'attention', method: 'name' },
    ]);
    expect(labels.rules).toContain('Module class: our mixer [ours]');
    expect(labels.steps).toMatchObject([{ number: 9, phase: 'prefill' }]);
  });

  const good = { id: 'x', class: 'A', role: 'owner', type: 'mamba', why: 'w' };
  it.each([
    [
      [],
      'S: rules must be an object with modules, frames, names, structure, steps, ranges, outside, phaseWords, layers, backward.',
    ],
    [
      { module: [] },
      "S: 'module' is unknown; there are modules, frames, names, structure, steps, ranges, outside, phaseWords, layers, backward.",
    ],
    [{ modules: {} }, "S: 'modules' must be a list of rules."],
    [{ modules: ['x'] }, 'S: modules[0]: must be an object.'],
    [
      { modules: [{ ...good, type: 'mambo' }] },
      "S: modules[0] (x): 'type' must be a layer type such as mamba, attention or moe_experts.",
    ],
    [
      { modules: [{ ...good, role: 'boss' }] },
      "S: modules[0] (x): 'role' must be one of owner, part, leaf.",
    ],
    [
      { modules: [{ ...good, clas: 'B' }] },
      "S: modules[0] (x): 'clas' is not a key this kind of rule has.",
    ],
    [
      { modules: [{ ...good, why: 3 }] },
      "S: modules[0] (x): 'why' must be a text that is not empty.",
    ],
    [
      { modules: [{ ...good, role: 'part' }] },
      "S: modules[0] (x): a rule of role 'part' says with 'in' or 'directlyIn' what it is a part of.",
    ],
    [
      { modules: [{ ...good, kernel: 'k' }] },
      "S: modules[0] (x): a module rule has one of 'class', 'word' and 'kernel'.",
    ],
    [
      { frames: [{ id: 'x', type: 'mamba', why: 'w' }] },
      "S: frames[0] (x): a frame rule has at least one of 'file', 'function' and 'library'.",
    ],
    [
      { names: [{ id: 'x', type: 'mamba', why: 'w' }] },
      "S: names[0] (x): a name rule has at least one of 'kernel', 'op' and 'collective'.",
    ],
    [
      { names: [{ id: 'x', kernel: 'k', needs: ['moe'], type: 'mamba', why: 'w' }] },
      "S: names[0] (x): 'needs' holds 'moe', which is not a layer type.",
    ],
    [{ steps: [{ id: 'x', why: 'w' }] }, "S: steps[0] (x): a step rule has a 'match'."],
    [
      { phaseWords: { chew: 'lunch' } },
      "S: phaseWords: 'chew' must be one of unknown, prefill, decode, mixed, train.",
    ],
    [
      { ranges: [{ id: 'x', match: '^layer \\d+$', why: 'w' }] },
      "S: ranges[0] (x): a range rule has a 'match' with a group named path, index or word.",
    ],
    [
      { outside: [{ id: 'x', why: 'w' }] },
      "S: outside[0] (x): a rule of 'outside' has at least one of 'annotation' and 'op'.",
    ],
    [{ backward: { add: 'x' } }, "S: backward: 'add' is not a key this kind of rule has."],
    [{ layers: { block: 7 } }, "S: layers: 'block' must be a regular expression, as text."],
  ])('that are wrong are refused with a sentence: %j', (json, sentence) => {
    expect(() => parseRules(json, 'S')).toThrow(new RuleError(sentence));
  });

  it('with a pattern that is none are refused', () => {
    expect(() => parseRules({ modules: [{ ...good, class: '(' }] }, 'S')).toThrow(
      /^S: modules\[0\] \(x\): 'class' is not a regular expression: /,
    );
  });

  it('that refer to an unknown rule are refused', () => {
    const part = parseRules({ modules: [{ ...good, role: 'part', in: ['nobody'] }] }, 'S');
    expect(() => mergeRules(builtInRules(), part)).toThrow(
      new RuleError("Module rule 'x' refers to 'nobody', but no module rule has that id."),
    );
  });
});
