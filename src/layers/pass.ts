import type { LayerLabels, Trace } from '../trace/index.js';

/** Labels while the passes write them; see `LayerLabels` for the meaning of each column. */
export interface LabelDraft extends LayerLabels {
  /** Id of a rule's description in `rules`, given on first sight. */
  ruleId(description: string): number;
}

/**
 * One kind of evidence. Passes run from strong to weak; a pass labels only calls that are still
 * unclassified, so a weaker one never overrides a stronger one.
 */
export interface AttributionPass {
  readonly name: string;
  run(trace: Trace, labels: LabelDraft): void;
}
