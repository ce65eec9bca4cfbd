import { isJsonObject } from '../jsonObject.js';
import type { SqlEngine, SqlValue } from '../../sqlite/engine.js';
import { eachEventRow, type RowsRead } from '../eventRows.js';
import { numberOf } from '../numberOf.js';
import type { ReadOptions } from '../reader.js';
import { numberValue, textValue } from '../sqlValues.js';

/** One row of `annotations`. Times in ns, as relative to the base given. */
export interface Annotation {
  readonly start: number;
  readonly duration: number;
  /** "step=42 epoch=3": the step first, the other labels in the file's order */
  readonly text: string;
  /** process it is about; '' = the whole trace */
  readonly process: string;
}

/** The label of a training step; the recorder's own callbacks for training loops write it. */
const STEP = 'step';

/**
 * What programs noted in the recording (`annotations`, since Ingero 0.17: internal/store of
 * ingero-io/ingero): labels at an instant, or over a span, of one process (`pid`) or of all (0).
 *
 * An instant labels what follows it. One that states a step therefore lasts until the next one that
 * does, of the same process, but not beyond the time recorded. All others have no length.
 *
 * @param base absolute time, ns, that times are relative to
 * @param recordedUntil when what was recorded at a time ended
 * @param give gets every annotation; NaN for a time or duration the row does not have
 */
export async function eachAnnotation(
  engine: SqlEngine,
  base: bigint,
  recordedUntil: (time: number) => number,
  give: (annotation: Annotation) => void,
  options: ReadOptions,
): Promise<RowsRead | undefined> {
  const columns = engine.columnsOf('annotations');
  if (!columns.includes('timestamp') || !columns.includes('labels')) {
    return undefined;
  }
  const time = (name: string): string =>
    columns.includes(name) ? `nullif(${numberOf(name)}, 0) - (${base})` : 'NULL';
  const steps = new Map<string, { readonly start: number; readonly text: string }[]>();
  const read = await eachEventRow(
    engine,
    'annotations',
    [
      time('timestamp'),
      time('span_start'),
      time('span_end'),
      'labels',
      columns.includes('pid') ? 'nullif(pid, 0)' : 'NULL',
    ],
    (row: readonly SqlValue[]) => {
      const [instant, from, to] = row.slice(0, 3).map(numberValue);
      const { text, step } = labelText(textValue(row[3]));
      const process = textValue(row[4]);
      if (!Number.isNaN(from) || !Number.isNaN(to)) {
        give({ start: from, duration: to - from, text, process });
      } else if (step && !Number.isNaN(instant)) {
        const ofProcess = steps.get(process) ?? [];
        steps.set(process, ofProcess);
        ofProcess.push({ start: instant, text });
      } else {
        give({ start: instant, duration: 0, text, process });
      }
    },
    options,
  );
  for (const [process, ofProcess] of steps) {
    ofProcess.sort((a, b) => a.start - b.start);
    ofProcess.forEach(({ start, text }, i) => {
      const next = ofProcess.at(i + 1)?.start ?? Infinity;
      const end = Math.max(start, Math.min(next, recordedUntil(start)));
      give({ start, duration: end - start, text, process });
    });
  }
  return read;
}

/** Labels as "key=value"; what is no JSON object of texts and numbers as it is written. */
function labelText(json: string): { text: string; step: boolean } {
  try {
    const labels: unknown = JSON.parse(json);
    const entries = isJsonObject(labels) ? Object.entries(labels) : [];
    if (isJsonObject(labels) && entries.every(([, value]) => typeof value !== 'object')) {
      const pairs = entries
        .sort(([a], [b]) => Number(b === STEP) - Number(a === STEP))
        .map(([key, value]) => `${key}=${String(value)}`);
      return { text: pairs.join(' '), step: Object.hasOwn(labels, STEP) };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
  }
  return { text: json, step: false };
}
