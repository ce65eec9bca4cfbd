import {
  measuredColumns,
  throwIfCancelled,
  type LayerLabels,
  type ReportProgress,
  type Trace,
} from '../trace/index.js';
import { builtInRules } from './builtInRules.js';
import { newLabelDraft } from './labelDraft.js';
import type { ModelPlan } from './model/modelPlan.js';
import { backwardPass } from './passes/backwardPass.js';
import { companionPass } from './passes/companionPass.js';
import { modulePass } from './passes/modulePass.js';
import { namePass, namesAlone, ownNamePass } from './passes/namePass.js';
import { outsidePass } from './passes/outsidePass.js';
import { stackPass } from './passes/stackPass.js';
import { structurePass } from './passes/structurePass.js';
import type { RuleSet } from './rules.js';
import { findSteps } from './steps.js';

/** A trace with one label a row of `measuredColumns(trace)`. */
export interface LabelledTrace {
  readonly trace: Trace;
  readonly labels: LayerLabels;
}

export interface AttributeOptions {
  /** the built-in rules where none are given; extend them with `mergeRules` */
  readonly rules?: RuleSet;
  /** what the model's configuration says; structure is matched with it */
  readonly model?: ModelPlan;
  /** an eager or capture-time trace of the same model, already labelled */
  readonly companion?: LabelledTrace;
  readonly progress?: ReportProgress;
  readonly signal?: AbortSignal;
}

/**
 * Tells which layer each measured call ran for. Passes run from strong to weak evidence and each
 * labels only what is still unclassified; what no evidence reaches stays unclassified.
 *
 * Adds module paths to `trace.names`; the trace's columns are not touched.
 * @returns one label a row of `measuredColumns(trace)`
 * @throws the signal's reason once it is aborted
 */
export function attribute(trace: Trace, options: AttributeOptions = {}): LayerLabels {
  const rules = options.rules ?? builtInRules();
  const draft = newLabelDraft(measuredColumns(trace).count);
  const named = namesAlone(rules);
  const passes = [
    modulePass(rules),
    stackPass(rules),
    ownNamePass(rules),
    companionPass(rules, options.companion, named),
    outsidePass(rules),
    structurePass(rules, options.model, named),
    backwardPass(rules),
    namePass(rules),
  ];
  passes.forEach((pass, i) => {
    throwIfCancelled(options.signal);
    options.progress?.({
      stage: `Telling layers apart by ${pass.name}`,
      fraction: i / (passes.length + 1),
    });
    pass.run(trace, draft);
  });
  throwIfCancelled(options.signal);
  options.progress?.({ stage: 'Finding steps', fraction: passes.length / (passes.length + 1) });
  return { ...draft, ...findSteps(trace, rules) };
}
