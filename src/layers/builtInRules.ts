import frames from './rules/frames.json';
import modules from './rules/modules.json';
import names from './rules/names.json';
import paths from './rules/paths.json';
import steps from './rules/steps.json';
import structure from './rules/structure.json';
import { mergeRules, parseRules, type RuleSet } from './rules.js';

let loaded: RuleSet | undefined;

/** The rules that come with the extension, checked on first use. */
export function builtInRules(): RuleSet {
  loaded ??= [
    parseRules(frames, 'rules/frames.json'),
    parseRules(names, 'rules/names.json'),
    parseRules(paths, 'rules/paths.json'),
    parseRules(steps, 'rules/steps.json'),
    parseRules(structure, 'rules/structure.json'),
  ].reduce(mergeRules, mergeRules(parseRules({}, ''), parseRules(modules, 'rules/modules.json')));
  return loaded;
}
