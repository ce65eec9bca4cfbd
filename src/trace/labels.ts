/** How a label was found, strongest first. The order is the code in `LayerLabels.method`. */
export const METHODS = ['none', 'module', 'stack', 'companion', 'structure', 'name'] as const;
export type Method = (typeof METHODS)[number];
export const NO_METHOD = 0;

/** What people read for each method. */
export const METHOD_LABELS: Record<Method, string> = {
  none: 'unclassified',
  module: 'module ranges',
  stack: 'launch stacks',
  companion: 'companion trace',
  structure: 'structure',
  name: 'kernel names',
};

export const NO_LAYER = -1;
export const NO_STEP = -1;

/** Which layer each call ran for, one entry a call, with the evidence for it. */
export interface LayerLabels {
  /** code in LAYER_TYPES */
  readonly type: Uint8Array;
  /** layer index of the model, -1 = unknown or outside the layers */
  readonly index: Int16Array;
  /** id in `Trace.names` of the module path ("NemotronHBlock_3.NemotronHMoE_1.EPDispatcher_1"), 0 = unknown */
  readonly module: Uint32Array;
  /** code in METHODS */
  readonly method: Uint8Array;
  /** index in `rules` of the rule that decided, 0 = none */
  readonly rule: Uint16Array;
  /** index in `steps`, -1 = outside any step */
  readonly step: Int32Array | Int8Array;
  /** descriptions of the rules used; entry 0 is '' */
  readonly rules: readonly string[];
  readonly steps: readonly Step[];
}

export const PHASES = ['unknown', 'prefill', 'decode', 'mixed', 'train'] as const;
export type Phase = (typeof PHASES)[number];

/** One engine step or iteration, as annotated in the trace. */
export interface Step {
  readonly label: string;
  readonly phase: Phase;
  /** index in `Trace.ranks` */
  readonly rank: number;
  /** number the annotation states ("step=101"), or its order */
  readonly number: number;
  /** ns from the trace's start, host time */
  readonly start: number;
  readonly duration: number;
}

/** What attribution had to go by besides the trace itself. */
export interface AttributionBasis {
  readonly model: ModelBasis | null;
  /** names of the files of the companion trace; none = no companion */
  readonly companion: readonly string[];
  /** where rules that come before the built-in ones are from; none = there are no others */
  readonly rules: readonly string[];
  readonly problems: readonly AttributionProblem[];
  /** the labels came with the trace, and these are the inputs they were made with; see `KeptLabels` */
  readonly kept?: true;
}

/** The model's configuration that attribution had. */
export interface ModelBasis {
  /** its `model_type`, or the name a pattern gives itself */
  readonly family: string;
  /** how many layers it has */
  readonly layers: number;
  /** where it was read from; '' = not said */
  readonly path: string;
  /** nobody chose it: it lay beside the trace */
  readonly found: boolean;
  /** what was assumed, as sentences */
  readonly notes: readonly string[];
}

/** Something that was given for attribution and is of no use. */
export interface AttributionProblem {
  readonly input: 'model' | 'companion' | 'rules';
  /** why; a whole sentence. Of `rules` there is one for each rule that is left out */
  readonly sentence: string;
}

/** Labels that came with a trace: an import keeps those it was made with. */
export interface KeptLabels {
  /** one label a row of `measuredColumns(trace)` */
  readonly labels: LayerLabels;
  readonly basis: AttributionBasis;
  /** the files that were imported */
  readonly sources: readonly { readonly name: string; readonly bytes: number }[];
}
