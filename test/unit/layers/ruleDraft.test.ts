import { describe, expect, it } from 'vitest';
import { withOwnRules } from '../../../src/layers/ownRules.js';
import { ruleDraft, ruleFile, withRuleFor } from '../../../src/layers/ruleDraft.js';
import { mergeRules, parseRules } from '../../../src/layers/rules.js';
import { testedText } from '../../../src/layers/testedText.js';

const KERNEL = 'void at::native::foo<float, (lambda(int)#1)>(at::T&, [x|y]) ^$.*+?{}\\';

/** The text as a rule file, and what is selected in it. */
function read(changed: ReturnType<typeof withRuleFor>) {
  if (changed === undefined) {
    throw new Error('no text');
  }
  const { text, offset, length } = changed;
  return {
    rules: parseRules(JSON.parse(text), 'layers.json'),
    selected: text.slice(offset, offset + length),
    before: text.slice(0, offset),
    text,
  };
}

describe('a rule for a kernel', () => {
  it.each([
    KERNEL,
    'plain',
    'tab\tand\nline',
    'right\u202eto left',
    'tag \u{e0041} and 日本',
    '',
    'x'.repeat(10_000),
  ])('matches that name and no longer one: %j', (name) => {
    const draft = ruleDraft(name);
    const pattern = new RegExp(draft.kernel);
    expect(pattern.test(testedText(name))).toBe(true);
    expect(pattern.test(testedText(`_${name}`))).toBe(false);
    if (name.length < 8192) {
      expect(pattern.test(testedText(`${name}_`))).toBe(false);
    }
    expect(draft.kernel).toMatch(/^[\x20-\x7e]*$/);
    expect(draft.id).toMatch(/^[a-z0-9-]+$/);
  });

  it('has an id no other rule of the file has', () => {
    expect(ruleDraft('void a::b<1>', ['a-b-1', 'a-b-1-2']).id).toBe('a-b-1-3');
  });
});

describe('a file of drafts', () => {
  it('is one that the reader of own rules takes as it is', () => {
    const text = ruleFile([KERNEL, 'x'.repeat(9000), 'a\u202eb', 'void a<(int)4>(b*)']);
    const { mistakes, used } = withOwnRules([{ origin: 'layers.json', text }]);
    expect(mistakes).toEqual([]);
    expect(used).toEqual(['layers.json']);
  });
});

describe('a rule file with one more rule', () => {
  it('is made where there is none, the type selected', () => {
    const { rules, selected, before } = read(withRuleFor('', KERNEL));
    expect(rules.names).toHaveLength(1);
    expect(rules.names[0].kernel?.test(KERNEL)).toBe(true);
    expect(selected).toBe('unclassified');
    expect(before.endsWith('"type": "')).toBe(true);
  });

  it('keeps what was there as it was written, and the new rule decides first', () => {
    const existing = `{
  "modules": [{"id":"names","role":"owner","class":"^X","type":"mamba","why":"it is called \\"names\\": [ {"}],
      "names" : [
    { "id": "own", "kernel": "^own", "type": "unclassified", "why": "as it was" }
  ]
}
`;
    const { rules, selected, before, text } = read(withRuleFor(existing, KERNEL));
    expect(rules.names.map(({ id }) => id === 'own')).toEqual([false, true]);
    expect(selected).toBe('unclassified');
    expect(before).not.toContain('"id": "own"');
    for (const line of existing.split('\n')) {
      expect(text).toContain(line);
    }
    // A second one goes in front again, with an id of its own.
    const twice = read(withRuleFor(text, KERNEL));
    expect(new Set(twice.rules.names.map(({ id }) => id)).size).toBe(3);
  });

  it.each(['{}', '{ }\n', '{"names":[]}', '{"names": [ ]}', '{"frames":[]}'])(
    'is JSON for %s',
    (existing) => {
      const { rules, selected } = read(withRuleFor(existing, KERNEL));
      expect(rules.names).toHaveLength(1);
      expect(selected).toBe('unclassified');
      expect(mergeRules(rules, rules).names).toHaveLength(2);
    },
  );

  it.each(['[]', '// mine\n{}', '{"names": {}}', '{', 'null'])('is left alone: %s', (existing) => {
    expect(withRuleFor(existing, KERNEL)).toBeUndefined();
  });
});
