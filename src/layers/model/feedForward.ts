import type { ConfigFields } from './configFields.js';

/**
 * Which layers have a mixture of experts instead of an MLP, as a function of the layer's index. The
 * first rule that the configuration states decides; one that has experts and no rule has them
 * everywhere.
 */
export function expertLayers(fields: ConfigFields): (layer: number) => boolean {
  const experts = fields.count('experts');
  if (experts === null || experts < 2 || fields.flag('hasExperts') === false) {
    return () => false;
  }
  const words = fields.words('feedForwardWords');
  if (words !== null) {
    return (i) => words[i] !== undefined && words[i] !== 'dense';
  }
  const flags = fields.list('expertFrequency');
  if (flags !== null) {
    return (i) => flags[i] === 1 || flags[i] === true;
  }
  const chosen = fields.indices('expertLayers');
  if (chosen !== null) {
    return (i) => chosen.has(i);
  }
  const period = fields.count('expertPeriod');
  if (period !== null && period > 0) {
    const offset = fields.count('expertOffset') ?? 0;
    return (i) => i % period === offset;
  }
  const interval = fields.count('expertInterval');
  if (interval !== null && interval > 0) {
    const first = fields.count('firstExpertLayer') ?? 0;
    const last = fields.count('lastExpertLayer') ?? Infinity;
    return (i) => (i + 1) % interval === 0 && i >= first && i <= last;
  }
  const leading = fields.count('leadingDense');
  if (leading !== null) {
    const frequency = fields.count('expertFrequency') ?? 1;
    return (i) => i >= leading && (frequency < 2 || i % frequency === 0);
  }
  const step = fields.count('expertStep') ?? 1;
  const dense = fields.indices('denseLayers') ?? new Set<number>();
  return (i) => !dense.has(i) && (step < 2 || (i + 1) % step === 0);
}

/** Whether the experts have one that every token passes; null where the configuration is silent. */
export function hasSharedExpert(fields: ConfigFields): boolean | null {
  if (fields.isStated('sharedExpert')) {
    return fields.counts('sharedExpert').some((count) => count > 0);
  }
  return fields.count('sharedExpert') === null ? null : true;
}
