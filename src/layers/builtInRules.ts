import frames from './rules/frames.json';
import modules from './rules/modules.json';
import attention from './rules/names/attention.json';
import communication from './rules/names/communication.json';
import convolution from './rules/names/convolution.json';
import dense from './rules/names/dense.json';
import linearAttention from './rules/names/linearAttention.json';
import mamba from './rules/names/mamba.json';
import memory from './rules/names/memory.json';
import moe from './rules/names/moe.json';
import paths from './rules/paths.json';
import steps from './rules/steps.json';
import structure from './rules/structure.json';
import { mergeRules, parseRules, type RuleSet } from './rules.js';

/** The first rule that holds decides: of two files that know a name, the one that stands first here. */
const FILES: readonly (readonly [name: string, json: unknown])[] = [
  ['modules', modules],
  ['frames', frames],
  ['paths', paths],
  ['names/moe', moe],
  ['names/mamba', mamba],
  ['names/linearAttention', linearAttention],
  ['names/attention', attention],
  ['names/dense', dense],
  ['names/convolution', convolution],
  ['names/communication', communication],
  ['names/memory', memory],
  ['structure', structure],
  ['steps', steps],
];

let loaded: RuleSet | undefined;

/** The rules that come with the extension, checked on first use. */
export function builtInRules(): RuleSet {
  loaded ??= FILES.map(([name, json]) => parseRules(json, `rules/${name}.json`)).reduceRight(
    mergeRules,
    parseRules({}, ''),
  );
  return loaded;
}
