import { readFile } from 'node:fs/promises';
import { UsageError } from './exitCodes.js';

/**
 * Python writes infinite and missing numbers as bare words, which JSON does not have (seen:
 * `"time_step_limit": [0.0, Infinity]` of Nemotron-H). Texts are left as they are.
 */
function withoutBareNumbers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (part) =>
    part.startsWith('"') ? part : 'null',
  );
}

/**
 * A model's `config.json` as Transformers writes it.
 *
 * @throws UsageError where the file cannot be read or is no model configuration
 */
export async function readModelConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The model configuration '${path}' cannot be read: ${reason}`);
  }
  let config: unknown;
  try {
    config = JSON.parse(withoutBareNumbers(text));
  } catch {
    throw new UsageError(`The model configuration '${path}' is not JSON.`);
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UsageError(`The model configuration '${path}' is not a JSON object.`);
  }
  const fields = config as Record<string, unknown>;
  if (typeof fields['model_type'] !== 'string' && !Array.isArray(fields['architectures'])) {
    throw new UsageError(
      `'${path}' is no model configuration: it names neither a model_type nor architectures.`,
    );
  }
  return fields;
}
