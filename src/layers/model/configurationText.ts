import { ModelConfigError } from './modelConfigError.js';

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
 * The value of a `config.json` as Transformers writes it, or of a pattern of one's own.
 *
 * @throws ModelConfigError where the text is not JSON
 */
export function parseConfigurationText(text: string): unknown {
  try {
    return JSON.parse(withoutBareNumbers(text.replace(/^\uFEFF/, '')));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelConfigError(`It is not JSON: ${reason}`);
  }
}
