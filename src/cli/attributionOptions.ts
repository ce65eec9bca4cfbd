import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { attributionNotes } from '../analysis/attributionText.js';
import { visibleText } from '../analysis/visibleText.js';
import { parseConfigurationText } from '../layers/model/configurationText.js';
import { readModelPlan } from '../layers/model/readModelPlan.js';
import type { AttributionInputs, TraceSummary } from '../session/session.js';
import { TraceOpenError } from '../trace/index.js';
import { maxUnpackedOption, type OpeningOptions } from './openingOptions.js';
import { UsageError } from './exitCodes.js';
import { ruleSources } from './ruleFiles.js';

/** Options of the commands that tell layers. */
export interface AttributionOptions extends OpeningOptions {
  readonly model?: string;
  readonly companion?: readonly string[];
  readonly rules?: readonly string[];
}

export function withAttributionOptions(command: Command): Command {
  return command
    .option('--model <config.json>', "the model's configuration, or a pattern of its layers")
    .option(
      '--companion <trace>',
      'a trace of the same model that has modules or stacks; once for each rank',
      (trace: string, before: readonly string[] = []) => [...before, trace],
    )
    .option(
      '--rules <layers.json>',
      'rules that decide before the built-in ones; may be given several times',
      (file: string, before: readonly string[] = []) => [...before, file],
    )
    .addOption(maxUnpackedOption());
}

/**
 * What a session is given for the options of a command line, and for the rules that lie near the trace.
 *
 * @returns `found`: files of rules that nobody named
 * @throws UsageError where the model's file or one of rules cannot be read or is none
 */
export async function attributionInputs(
  options: AttributionOptions,
  trace: string,
): Promise<{ readonly inputs: AttributionInputs; readonly found: readonly string[] }> {
  const { model, companion } = options;
  const { sources, found } = await ruleSources(options.rules ?? [], trace, process.cwd());
  const inputs: AttributionInputs = {
    ...(model === undefined ? {} : { model: await modelText(model), modelPath: model }),
    ...(companion === undefined ? {} : { companion }),
    ...(sources.length === 0 ? {} : { rules: sources }),
    ...(sources.length > 0 && options.rules === undefined ? { rulesFound: true } : {}),
  };
  return { inputs, found };
}

async function modelText(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The model configuration '${path}' cannot be read: ${reasonOf(error)}`);
  }
  try {
    readModelPlan(parseConfigurationText(text));
  } catch (error) {
    throw new UsageError(`'${path}' is no model configuration. ${reasonOf(error)}`);
  }
  return text;
}

/**
 * What the user should know about the inputs of attribution, as lines for the terminal.
 *
 * @throws TraceOpenError where the companion that was asked for could not be used
 */
export function notesOnInputs({ attribution }: TraceSummary): readonly string[] {
  const companion = attribution.problems.find(({ input }) => input === 'companion');
  if (companion !== undefined) {
    throw new TraceOpenError(
      'unreadable',
      `The companion trace cannot be used. ${visibleText(companion.sentence)}`,
    );
  }
  return attributionNotes(attribution);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
