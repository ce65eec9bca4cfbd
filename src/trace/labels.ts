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
