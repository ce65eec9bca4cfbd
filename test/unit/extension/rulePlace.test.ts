import { expect, it } from 'vitest';
import { placeOfMistake } from '../../../src/extension/rulePlace.js';
import { withOwnRules } from '../../../src/layers/ownRules.js';

const text = `{
  "names": [
    { "id": "fine", "kernel": "a", "type": "mlp", "why": "ours" },
    { "id": "wrong", "kernel": "a", "type": "mlb", "why": "ours" },
    { "kernel": "a" }
  ],
  "modules": [
    { "id": "wrong", "class": "A", "role": "part", "in": ["gone"], "type": "mlp", "why": "ours" }
  ],
  "nams": []
}`;

it('finds the rule or the key that a mistake is in', () => {
  const { mistakes } = withOwnRules([{ origin: 'S', text }]);
  const places = mistakes.map((sentence) => {
    const { start, length } = placeOfMistake(text, sentence);
    return `${text.slice(0, start).split('\n').length}: ${text.slice(start, start + length)}`;
  });
  expect(places).toEqual(['10: "nams"', '4: "wrong"', '1: {', '8: "wrong"']);
});

it('is the beginning of a file that is no JSON', () => {
  const [sentence] = withOwnRules([{ origin: 'S', text: '{' }]).mistakes;
  expect(placeOfMistake('{', sentence)).toEqual({ start: 0, length: 1 });
  expect(placeOfMistake('', sentence)).toEqual({ start: 0, length: 0 });
});
