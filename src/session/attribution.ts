import type { AttributionBasis, AttributionProblem, ModelBasis } from '../analysis/results.js';
import { openTrace } from '../formats/openTrace.js';
import type { FormatReader, ReadOptions, TraceSource } from '../formats/reader.js';
import { attribute, type LabelledTrace } from '../layers/attribute.js';
import { parseConfigurationText } from '../layers/model/configurationText.js';
import type { ModelPlan } from '../layers/model/modelPlan.js';
import { readModelPlan } from '../layers/model/readModelPlan.js';
import { givenUp, withOwnRules } from '../layers/ownRules.js';
import type { RuleSet } from '../layers/rules.js';
import type { LayerLabels, Progress, Trace } from '../trace/index.js';
import { isCancellation } from './rpc.js';
import type { AttributionInputs, CallOptions } from './session.js';

/** What attribution needs of the engine: a companion trace is read as every trace is. */
export interface CompanionReading {
  readonly readers: readonly FormatReader[];
  /** the companion's files, opened; whoever asks closes them */
  sources(): Promise<readonly TraceSource[]>;
  /** how its files are read, besides progress and cancellation */
  readonly reading: ReadOptions;
}

export interface LabelOptions extends CallOptions {
  /** labels that came with the trace stand, where nobody chose anything else to tell layers by */
  readonly keep?: boolean;
}

/** Whether somebody chose something for this trace; what merely lay beside it is no choice. */
function chosen(given: AttributionInputs, companion: CompanionReading | null): boolean {
  const model = given.model !== undefined && given.modelFound !== true;
  const rules = (given.rules ?? []).length > 0 && given.rulesFound !== true;
  return model || rules || companion !== null;
}

/**
 * Labels a trace with all that is given besides it. What is given but of no use costs its own
 * evidence, not the trace: the basis says which input it was and why.
 *
 * @param companion null where none is given
 * @throws the signal's reason once it is aborted
 */
export async function labelTrace(
  trace: Trace,
  given: AttributionInputs,
  companion: CompanionReading | null,
  options: LabelOptions,
): Promise<{ labels: LayerLabels; basis: AttributionBasis; rules: RuleSet }> {
  const problems: AttributionProblem[] = [];
  const attempt = async <T>(input: AttributionProblem['input'], use: () => T | Promise<T>) => {
    try {
      return await use();
    } catch (error) {
      if (isCancellation(error) || options.signal?.aborted === true) {
        throw error;
      }
      problems.push({ input, sentence: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };
  const { model: text } = given;
  const own = withOwnRules(given.rules ?? []);
  const { rules } = own;
  const misses = (sentences: readonly string[]) => {
    problems.push(...sentences.map((sentence) => ({ input: 'rules' as const, sentence })));
  };
  misses(own.mistakes);
  const plan = text === undefined ? undefined : await attempt('model', () => planOf(text));
  const base = defined({ rules, model: plan });
  const { kept } = trace;
  if (kept !== undefined && options.keep === true && !chosen(given, companion)) {
    return { labels: kept.labels, basis: kept.basis, rules };
  }
  const aligned =
    companion === null
      ? undefined
      : await attempt('companion', () => readCompanion(trace, companion, base, options));
  options.signal?.throwIfAborted();
  options.progress?.({ stage: 'Telling which layer each kernel ran for' });
  const labels = attribute(trace, { ...options, ...base, ...defined({ companion: aligned }) });
  misses(givenUp(rules));
  const basis: AttributionBasis = {
    model: plan === undefined ? null : modelBasis(plan, given),
    companion: aligned?.trace.files.map(({ name }) => name) ?? [],
    rules: own.used,
    problems,
  };
  return { labels, basis, rules };
}

function planOf(text: string): ModelPlan {
  return readModelPlan(parseConfigurationText(text));
}

async function readCompanion(
  trace: Trace,
  { readers, sources, reading: how }: CompanionReading,
  base: { readonly rules?: RuleSet; readonly model?: ModelPlan },
  options: CallOptions,
): Promise<LabelledTrace> {
  const opened = await sources();
  try {
    const own = new Set(trace.files.map(({ path }) => path));
    const same = opened.find(({ path }) => own.has(path));
    if (same !== undefined) {
      throw new Error(
        `${same.name} is the trace itself: a companion is another trace of the model.`,
      );
    }
    options.progress?.({ stage: 'Reading the companion trace' });
    const { signal, progress } = options;
    const reading: CallOptions = defined({
      signal,
      progress:
        progress && ((p: Progress) => progress({ ...p, stage: `Companion trace: ${p.stage}` })),
    });
    const companion = await openTrace(opened, readers, { ...how, ...reading });
    return { trace: companion, labels: attribute(companion, { ...base, ...reading }) };
  } finally {
    await Promise.all(opened.map((source) => source.close()));
  }
}

function modelBasis({ family, layers, notes }: ModelPlan, given: AttributionInputs): ModelBasis {
  return {
    family,
    layers: layers.length,
    path: given.modelPath ?? '',
    found: given.modelFound === true,
    notes,
  };
}

/** The properties that have a value: an option left out is not an option of undefined. */
function defined<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
