import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS, VIEWS } from '../../../src/query/catalogue.js';

interface Rule {
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly include?: string;
  readonly patterns?: readonly Rule[];
}
interface Grammar extends Rule {
  readonly repository: Readonly<Record<string, Rule>>;
}

const grammar = JSON.parse(readFileSync('syntaxes/tracesql.tmLanguage.json', 'utf8')) as Grammar;

/** JavaScript has no `(?i)` at the front of a pattern; VS Code's engine has. */
function pattern(source: string): RegExp {
  return source.startsWith('(?i)')
    ? new RegExp(source.slice(4), 'i')
    : new RegExp(source.replace('(?i:', '(?:'), 'i');
}

const words = (rule: Rule): RegExp[] => [
  ...(rule.match === undefined ? [] : [pattern(rule.match)]),
  ...(rule.patterns ?? []).flatMap(words),
];

describe('the grammar of trace SQL', () => {
  it('knows the views and functions of the catalogue', () => {
    for (const view of VIEWS) {
      expect(
        words(grammar.repository.views).some((p) => p.test(view.name)),
        view.name,
      ).toBe(true);
    }
    for (const { name } of FUNCTIONS) {
      const call = `${name}(`;
      expect(
        words(grammar.repository.functions).some((p) => p.test(call)),
        name,
      ).toBe(true);
    }
  });

  it('includes only rules it has', () => {
    for (const { include = '' } of grammar.patterns ?? []) {
      expect(Object.keys(grammar.repository)).toContain(include.slice(1));
    }
  });

  it('has patterns that are regular expressions', () => {
    const all = (rule: Rule): string[] => [
      ...[rule.match, rule.begin, rule.end].filter((p) => p !== undefined),
      ...(rule.patterns ?? []).flatMap(all),
    ];
    for (const source of Object.values(grammar.repository).flatMap(all)) {
      expect(() => pattern(source), source).not.toThrow();
    }
  });
});

describe('docs/sql.md', () => {
  it('has every view with every column, its type and unit', () => {
    const text = readFileSync('docs/sql.md', 'utf8');
    for (const view of VIEWS) {
      const from = text.indexOf(`### ${view.name}\n`);
      expect(from, view.name).toBeGreaterThan(0);
      const next = text.indexOf('\n### ', from + 1);
      const section = text.slice(from, next < 0 ? undefined : next);
      expect(section).toContain(view.description);
      for (const { name, type, unit, description } of view.columns) {
        const cells = section
          .split('\n')
          .map((line) => line.split('|').map((cell) => cell.trim()))
          .find((line) => line[1] === `\`${name}\``);
        expect(cells?.slice(2, 5), `${view.name}.${name}`).toEqual([type, unit, description]);
      }
    }
    for (const { signature } of FUNCTIONS) {
      expect(text).toContain(signature);
    }
  });
});
