import type { AttributionBasis, Population } from './results.js';
import { visibleText } from './visibleText.js';

/**
 * What attribution went by besides the trace, for the line that tells the population: "structure
 * matched with nemotron_h configuration (52 layers)". Where nothing was labelled by it, it says so.
 */
export function attributionParts(
  { model, companion, rules, problems, kept }: AttributionBasis,
  population: Population,
): readonly string[] {
  const labelled = (method: 'structure' | 'companion') => (population.by_method[method] ?? 0) > 0;
  const parts: string[] = kept === true ? ['kept from import'] : [];
  if (model !== null) {
    const which =
      `${visibleText(model.family)} configuration (${model.layers} ` +
      `${model.layers === 1 ? 'layer' : 'layers'}${model.found ? ', found beside the trace' : ''})`;
    parts.push(
      labelled('structure')
        ? `structure matched with ${which}`
        : `${which}: no call here labelled by it`,
    );
  }
  if (companion.length > 0) {
    const which = `companion ${companion.map(visibleText).join(', ')}`;
    parts.push(
      labelled('companion') ? `aligned with ${which}` : `${which}: no call here labelled by it`,
    );
  }
  if (rules.length > 0) {
    parts.push(`own rules of ${rules.map(visibleText).join(', ')}`);
  }
  const unused = problems.flatMap(({ input }) => (input === 'rules' ? [] : [PROBLEMS[input]]));
  const mistakes = problems.length - unused.length;
  return [
    ...parts,
    ...unused.map((what) => `${what} not used`),
    ...(mistakes === 0
      ? []
      : [`${mistakes} ${mistakes === 1 ? 'mistake' : 'mistakes'} in own rules`]),
  ];
}

const PROBLEMS = { model: 'model configuration', companion: 'companion trace' } as const;

/** Sentences about it that need more room: what was assumed, and what was of no use and why. */
export function attributionNotes({ model, problems }: AttributionBasis): readonly string[] {
  return [
    ...problems.map(({ input, sentence }) =>
      input === 'rules'
        ? `Own rules: ${visibleText(sentence)}`
        : `The ${PROBLEMS[input]} cannot be used. ${visibleText(sentence)}`,
    ),
    ...(model?.notes ?? []).map(
      (note) => `Model configuration ${visibleText(model?.family ?? '')}: ${visibleText(note)}`,
    ),
  ];
}
