import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingProperties } from '../../../scripts/settingSchema.mjs';
import { KERNEL_ROLES, MODULE_ROLES, readRules } from '../../../src/layers/rules.js';
import { LAYER_TYPES, PHASES } from '../../../src/trace/index.js';

interface Definition {
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly items?: { readonly $ref: string };
  readonly additionalProperties?: Definition | false;
  readonly description?: string;
}
const schema = JSON.parse(readFileSync('schemas/layers.schema.json', 'utf8')) as {
  readonly properties: Readonly<Record<string, Definition>>;
  readonly definitions: Readonly<Record<string, Definition>>;
};
const { properties, definitions } = schema;
const GOOD = {
  names: { id: 'x', kernel: 'k', type: 'mlp', why: 'w' },
  modules: { id: 'x', class: 'k', role: 'owner', type: 'mlp', why: 'w' },
  frames: { id: 'x', file: 'k', type: 'mlp', why: 'w' },
  structure: { id: 'x', kernel: 'k', role: 'gemm', why: 'w' },
  steps: { id: 'x', match: 'k', why: 'w' },
  ranges: { id: 'x', match: '(?<path>k)', why: 'w' },
  outside: { id: 'x', annotation: 'k', why: 'w' },
} as const;

describe('the schema of rules', () => {
  it('has the lists that are read, and no other', () => {
    const { mistakes } = readRules({ nothing: 1 }, 'S');
    const told = /there are (.*)\.$/.exec(mistakes[0])?.[1].split(', ') ?? [];
    expect(Object.keys(properties).sort()).toEqual(['$schema', ...told].sort());
  });

  it.each(Object.entries(GOOD))('has the keys of %s, and what they need', (list, rule) => {
    const { rules, mistakes } = readRules({ [list]: [rule] }, 'S');
    expect(mistakes).toEqual([]);
    const [read] = rules[list as keyof typeof GOOD];
    const name = properties[list].items?.$ref.split('/').at(-1) ?? '';
    const definition = definitions[name];
    expect(Object.keys(definition.properties ?? {}).sort()).toEqual(
      // Who wrote a rule is not for the rule to say.
      Object.keys(read)
        .filter((key) => key !== 'own')
        .sort(),
    );
    expect(Object.keys(rule)).toEqual(expect.arrayContaining([...(definition.required ?? [])]));
    expect(definition.additionalProperties).toBe(false);
    for (const key of definition.required ?? []) {
      const without = Object.fromEntries(Object.entries(rule).filter(([name]) => name !== key));
      expect(readRules({ [list]: [without] }, 'S').mistakes).toHaveLength(1);
    }
  });

  it('knows the words', () => {
    expect(definitions['layerType'].enum).toEqual(LAYER_TYPES.map(({ key }) => key));
    expect(definitions['role'].enum).toEqual(KERNEL_ROLES);
    expect(definitions['module'].properties?.['role'].enum).toEqual(MODULE_ROLES);
    const phase = properties['phaseWords'].additionalProperties;
    expect(phase !== false && phase?.enum).toEqual(PHASES);
  });

  it('is in the setting too (node scripts/settingSchema.mjs writes it there)', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
      contributes: { configuration: { properties: Record<string, { properties: unknown }> } };
    };
    const setting = manifest.contributes.configuration.properties['layerscope.rules'];
    expect(setting.properties).toEqual(settingProperties());
    expect(JSON.stringify(setting)).not.toContain('$ref');
  });
});
