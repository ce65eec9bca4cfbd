import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PART_KINDS } from '../../../src/layers/model/modelPlan.js';
import { readModelPlan } from '../../../src/layers/model/readModelPlan.js';

interface Schema {
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly properties: Readonly<Record<string, Schema>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const schema = JSON.parse(readFileSync('schemas/model.schema.json', 'utf8')) as Schema;

/** The sentence that lists the keys a place may have. */
function allowedKeys(pattern: unknown): string[] {
  try {
    readModelPlan(pattern);
  } catch (error) {
    const list = /it may have (.+)\.$/.exec((error as Error).message)?.[1];
    return (list ?? '').split(', ').sort();
  }
  throw new Error('a key that means nothing was accepted');
}

describe('the schema of .layerscope/model.json', () => {
  it('knows the parts and the keys that the reader knows', () => {
    expect(schema.definitions['part'].enum).toEqual(PART_KINDS);
    const keys = (part: Schema) => Object.keys(part.properties).sort();
    const entry = { parts: ['mlp'] };
    expect(keys(schema)).toEqual(allowedKeys({ name: 'x', layers: [entry], wrong: 1 }));
    expect(keys(schema.definitions['entry'])).toEqual(
      allowedKeys({ name: 'x', layers: [{ ...entry, wrong: 1 }] }),
    );
    expect(keys(schema.properties['sizes'])).toEqual(
      allowedKeys({ name: 'x', layers: [entry], sizes: { wrong: 1 } }),
    );
  });

  it('is kept by the example of the documentation', () => {
    const docs = readFileSync('docs/attribution.md', 'utf8');
    const example = /```json\n(\{\n {2}"name": [^`]+)```/.exec(docs)?.[1] ?? '';
    const { layers } = readModelPlan(JSON.parse(example));
    expect(layers).toHaveLength(24);
    const experts = layers.flatMap(({ parts }, i) =>
      parts.some(({ kind }) => kind === 'moe') ? [i] : [],
    );
    expect(experts).toEqual([6, 12, 18, 22]);
  });
});
