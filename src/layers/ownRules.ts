import { builtInRules } from './builtInRules.js';
import { OwnPattern } from './ownPattern.js';
import { mergeRules, readRules, type RuleSet } from './rules.js';

/** Rules that come before the built-in ones: the text of a file, or the value of a setting. Plain data. */
export interface RuleSource {
  /** what a sentence about it begins with: a file's name, a setting's */
  readonly origin: string;
  /** JSON as text; without it `json` holds the value */
  readonly text?: string;
  readonly json?: unknown;
}

/** What rules of one's own came to. */
export interface OwnRules {
  /** they and the built-in ones, in the order in which they decide */
  readonly rules: RuleSet;
  /** origins that gave at least one rule */
  readonly used: readonly string[];
  /** one sentence for each rule, key or file that is left out */
  readonly mistakes: readonly string[];
}

/**
 * The built-in rules with those of `sources` before them; of two sources the first decides. What is
 * wrong in a source is left out and said, and the rest of it holds.
 */
export function withOwnRules(sources: readonly RuleSource[]): OwnRules {
  const mistakes: string[] = [];
  const used: string[] = [];
  const sets: RuleSet[] = [];
  const origins: string[] = [];
  for (const source of sources) {
    const json = jsonOf(source, mistakes);
    if (json === undefined) {
      continue;
    }
    const read = readRules(json, source.origin, { own: true });
    mistakes.push(...read.mistakes);
    if (holdsRules(read.rules)) {
      used.push(source.origin);
    }
    sets.push(read.rules);
    origins.push(source.origin);
  }
  const rules = withoutDangling(sets, origins, mistakes).reduceRight(mergeRules, builtInRules());
  return { rules, used, mistakes };
}

/** A sentence for each pattern of one's own that took too long for a trace; see `OwnPattern`. */
export function givenUp(rules: RuleSet): readonly string[] {
  const lists: readonly (readonly object[])[] = [
    rules.modules,
    rules.frames,
    rules.names,
    rules.structure,
    rules.steps,
    rules.ranges,
    rules.outside,
  ];
  return lists
    .flat()
    .flatMap((rule) =>
      Object.entries(rule).flatMap(([key, value]: [string, unknown]) =>
        value instanceof OwnPattern && value.isGivenUp
          ? [
              `Rule '${String((rule as { id?: unknown }).id)}': '${key}' takes too long on the names of this trace and was given up: /${value.source}/.`,
            ]
          : [],
      ),
    );
}

function jsonOf({ origin, text, json }: RuleSource, mistakes: string[]): unknown {
  if (text === undefined) {
    return json;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mistakes.push(`${origin} is not JSON: ${reason}`);
    return undefined;
  }
}

function holdsRules(rules: RuleSet): boolean {
  return Object.values(rules).some((list: unknown) =>
    Array.isArray(list) ? list.length > 0 : Object.keys(list as object).length > 0,
  );
}

/** The sets without module rules that refer to an id no rule has; one left out may leave others so. */
function withoutDangling(
  sets: readonly RuleSet[],
  origins: readonly string[],
  mistakes: string[],
): readonly RuleSet[] {
  const known = new Set(
    [builtInRules(), ...sets].flatMap(({ modules }) => modules.map(({ id }) => id)),
  );
  let isWhole = true;
  const whole = sets.map((set, i) => ({
    ...set,
    modules: set.modules.filter((rule) => {
      const unknown = (['in', 'directlyIn'] as const).flatMap((key) =>
        rule[key].filter((id) => !known.has(id)).map((id) => ({ key, id })),
      );
      for (const { key, id } of unknown) {
        isWhole = false;
        mistakes.push(
          `${origins[i]}: modules (${rule.id}): '${key}' refers to '${id}', but no module rule has that id.`,
        );
      }
      return unknown.length === 0;
    }),
  }));
  return isWhole ? whole : withoutDangling(whole, origins, mistakes);
}
