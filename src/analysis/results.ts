import type { FormatId, Method, Phase, TimeKind } from '../trace/index.js';

export type { AttributionBasis, AttributionProblem, ModelBasis } from '../trace/index.js';

export const DECOMPOSE_BY = [
  'layer-type',
  'layer',
  'module',
  'kernel',
  'step',
  'phase',
  'stream',
  'rank',
] as const;
export type DecomposeBy = (typeof DECOMPOSE_BY)[number];

/** A half-open interval of trace time in ns; calls that start inside it are counted. */
export interface TimeWindow {
  readonly startNs: number;
  readonly endNs: number;
}

/** Call statistics. Percentiles interpolate linearly (rank p·(n-1)); null for no calls. Times in ns. */
export interface CallStatistics {
  readonly calls: number;
  readonly total_ns: number;
  readonly p50_ns: number | null;
  readonly p99_ns: number | null;
  readonly max_ns: number | null;
  /** p99 / p50; null for no calls or a median of 0 */
  readonly tail_ratio: number | null;
}

export interface DecompositionRow extends CallStatistics {
  /** stable: a layer type key, "17", a kernel name, ... */
  readonly key: string;
  readonly label: string;
  /** share of the total time of all rows, 0 to 1 */
  readonly share: number;
  /**
   * calls the recorder saw of the names in this row, kept in the file or not: equal to `calls` for
   * recorders that keep every event. null = unknown: the file does not count one of the names, or holds
   * calls of it in other rows too, or a window is set
   */
  readonly counted: number | null;
  /** calls below 100: the p99 rests on fewer than one call in its tail */
  readonly weak_p99: boolean;
  /** share of this row's time by method of attribution, 0 to 1, largest first */
  readonly evidence: readonly { readonly method: Method; readonly share: number }[];
}

/** Which rows stand behind a figure. */
export interface Population {
  /** event rows of the file (of the window, where one is set) that the figures are made of */
  readonly rows: number;
  /**
   * calls the recorder counted, kept in the file or not: equal to `rows` for recorders that keep every
   * event; null = the file does not say
   */
  readonly counted: number | null;
  /** event rows in the whole file, host events included */
  readonly rows_in_file: number;
  /** ranks the figures are made of, and those of the run: files that are not loaded count as one each */
  readonly ranks: { readonly loaded: number; readonly available: number };
  /** rows left out while reading, by reason */
  readonly skipped: readonly { readonly reason: string; readonly rows: number }[];
  /** what the durations are: time on the GPU, or time of API calls on the host */
  readonly time_kind: TimeKind;
  /** total time of GPU events, ns; 0 where the trace has only host calls */
  readonly gpu_time_ns: number;
  /** share of the total time that has a layer type, 0 to 1 */
  readonly classified_share: number;
  /** share of the total time by evidence, 0 to 1; sums to 1 with 'none' */
  readonly by_method: Readonly<Partial<Record<Method, number>>>;
  /** the same with calls and time, strongest evidence first, 'none' (unclassified) last */
  readonly evidence: readonly MethodShare[];
}

/** Calls that one kind of evidence labelled; of 'none', those that stayed unclassified. */
export interface MethodShare {
  readonly method: Method;
  readonly calls: number;
  readonly total_ns: number;
  /** of the total time, 0 to 1 */
  readonly share: number;
}

export interface Decomposition {
  readonly trace: TraceFigures;
  readonly by: DecomposeBy;
  readonly population: Population;
  readonly overall: CallStatistics & {
    /**
     * Share of the time recorded in which at least one kernel ran, the mean over devices: what
     * `nvidia-smi` reports as GPU utilisation. null where the trace has no GPU events.
     */
    readonly duty_cycle: number | null;
  };
  /** by total time, largest first, unless the key has an order of its own (layer, step) */
  readonly rows: readonly DecompositionRow[];
}

export interface TraceFigures {
  readonly path: string;
  readonly format: FormatId;
  /** event rows read, host events included */
  readonly events: number;
  readonly gpu_events: number;
  readonly span_ns: number;
  /** the span without the time in which no recorder ran */
  readonly recorded_ns: number;
  readonly ranks: number;
}

/** What the dashboard over the same window would have shown. */
export interface DashboardView {
  readonly duty_cycle: number | null;
  /** duty cycle of each second of the trace, the mean over devices, 0 to 1 */
  readonly duty_cycle_samples: readonly number[];
  /** least, median and greatest of the samples; null without GPU events */
  readonly duty_cycle_range: {
    readonly min: number;
    readonly median: number;
    readonly max: number;
  } | null;
  readonly sample_ns: number;
  readonly overall: CallStatistics;
}

export interface Stall {
  /** index in the measured columns; the id of the call everywhere */
  readonly call: number;
  readonly start_ns: number;
  readonly duration_ns: number;
  readonly name: string;
  readonly layer_type: string;
  readonly layer_label: string;
  readonly layer_index: number;
  readonly module: string;
  readonly step: string;
  readonly phase: Phase;
  readonly rank: string;
  readonly lane: string;
  /**
   * ns: the larger of the medians of its own layer type and of its own kernel in that layer type and
   * phase; see `findStalls`
   */
  readonly typical_ns: number;
  /** duration / typical */
  readonly times_typical: number;
  /** duration - typical, ns: the time lost */
  readonly lost_ns: number;
  /** true where a stack, module or annotation can lead to code */
  readonly has_source: boolean;
}

/** Every stall of a trace, the most time lost first: what SQL needs beside the calls they are. */
export interface StallColumns {
  /** index in the measured columns */
  readonly call: Uint32Array;
  readonly typical_ns: Float64Array;
  readonly lost_ns: Float64Array;
  /** 1 where the trace knows source code for it */
  readonly has_source: Uint8Array;
}

export interface StallList {
  readonly factor: number;
  /** stalls found, of which `stalls` holds the first `limit` by time lost */
  readonly found: number;
  readonly lost_ns: number;
  readonly population: Population;
  readonly stalls: readonly Stall[];
}

/** A window of the timeline at the resolution of the screen. */
/** A counter's track without its samples. */
export interface CounterFigures {
  readonly name: string;
  /** of `min`, `mean` and `max`; '' where the file does not say */
  readonly unit: string;
  /** index in the trace's ranks */
  readonly rank: number;
  /** device ordinal, -1 = of the host */
  readonly device: number;
  readonly source: string;
  readonly samples: number;
  readonly min: number;
  /** of the samples, however far apart they are */
  readonly mean: number;
  readonly max: number;
}

export interface TileRequest extends TimeWindow {
  /** width of the window in pixels: boxes narrower than one are merged */
  readonly pixels: number;
}

/**
 * Boxes to draw, as columns. Boxes of one row do not overlap. Where several calls fall into one
 * pixel, the longest stands for all and `calls` says how many.
 */
export interface TileSet {
  readonly window: TimeWindow;
  readonly rows: readonly TimelineRow[];
  readonly count: number;
  /** index in `rows` */
  readonly row: Uint32Array;
  readonly start: Float64Array;
  readonly duration: Float64Array;
  /** code in LAYER_TYPES */
  readonly type: Uint8Array;
  /** index in `texts` */
  readonly text: Uint32Array;
  /** calls merged into this box; 1 = exactly the call `call` */
  readonly calls: Uint32Array;
  /**
   * The call this box shows (index in the measured columns); -1 for boxes that are no call (steps,
   * layers, ranges). In rows of level `API_CALL` the box is not the call itself: there it is the
   * first GPU call that the API call launched, -1 where the trace has none.
   */
  readonly call: Int32Array;
  readonly texts: readonly string[];
  /** absent where the trace has no counters */
  readonly curves?: Curves;
}
/**
 * The values of boxes that are points of a counter's curve: those of a pixel's samples. Such a box
 * begins with the first of its samples and ends where the next box begins, `calls` counts its samples.
 */
export interface Curves {
  /** the box that entry 0 of the columns is of; all boxes from it on are points */
  readonly first: number;
  /** least, greatest and last value, in the unit of the row's scale */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly last: Float64Array;
}

/** Level of the rows of API calls in a trace whose measured calls are those on the GPU. */
export const API_CALL = 'API call';

/** Level of rows that are the curve of a counter. */
export const COUNTER = 'counter';

/** A row of boxes. Rows with the same `group` belong to one lane, drawn under one heading. */
export interface TimelineRow {
  readonly group: string;
  /** "step", "layer", "module", "kernel", "annotation", "call", "host", `API_CALL` or `COUNTER` */
  readonly level: string;
  readonly label: string;
  /** of a counter: what the bottom and the top of its row stand for, in its unit; others have none */
  readonly scale?: { readonly unit: string; readonly low: number; readonly high: number };
  /** share of the time recorded in which this row is busy, 0 to 1; null where it is not meaningful */
  readonly busy: number | null;
}

/** Everything known about one call, for the details pane. */
export interface CallDetails {
  readonly call: number;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly name: string;
  readonly start_ns: number;
  readonly duration_ns: number;
  readonly layer_type: string;
  readonly layer_label: string;
  readonly layer_index: number;
  readonly module: string;
  readonly method: Method;
  /** the rule that decided, in words */
  readonly rule: string;
  /** call stack, innermost first; '' file where unknown */
  readonly stack: readonly {
    readonly file: string;
    readonly line: number;
    readonly function: string;
    readonly library: string;
  }[];
  /** enclosing modules, outermost first ("NemotronHModel_0", ...) */
  readonly modules: readonly string[];
}

/** A rule as people find it again: its id in the rule files, '' where it has none, and its reason. */
export interface RuleWords {
  readonly id: string;
  readonly text: string;
}

/** What kind of thing a line of evidence is about, in the order an explanation lists them. */
export const EVIDENCE_KINDS = [
  'launch',
  'modules',
  'frame',
  'operator',
  'collective',
  'position',
  'name',
  'companion',
] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** Something that was looked at to tell a call's layer. */
export interface EvidenceLine {
  readonly kind: EvidenceKind;
  readonly text: string;
  /** this is what the deciding rule is about */
  readonly decided: boolean;
}

/** A call beside the explained one on its stream or thread. */
export interface NeighbourCall {
  readonly call: number;
  /** calls between, with a sign: -1 is the one before */
  readonly offset: number;
  readonly name: string;
  readonly start_ns: number;
  readonly duration_ns: number;
  readonly layer_type: string;
  readonly layer_label: string;
  readonly layer_index: number;
  readonly method: Method;
}

/** Why a call has the label it has, or none. */
export interface CallExplanation {
  readonly call: number;
  /** µs as in the file, 3 decimals, exact */
  readonly ts_us: string;
  readonly name: string;
  readonly start_ns: number;
  readonly duration_ns: number;
  /** "cuda:0 stream 7" */
  readonly lane: string;
  readonly layer_type: string;
  readonly layer_label: string;
  /** -1 = unknown or outside the layers */
  readonly layer_index: number;
  readonly module: string;
  readonly method: Method;
  /** the rule that decided; for an unclassified call the reason why none did */
  readonly rule: RuleWords;
  readonly evidence: readonly EvidenceLine[];
  /** what weaker evidence alone would have said, conflicts included */
  readonly alternatives: readonly {
    readonly method: Method;
    readonly layer_type: string;
    readonly layer_label: string;
    readonly rule: RuleWords;
    readonly agrees: boolean;
  }[];
  /** up to three calls before and after on the same stream or thread, by time */
  readonly neighbours: readonly NeighbourCall[];
  /** what is particular about how the call was found; '' = nothing */
  readonly note: string;
}

/** Calls of one name that stayed unclassified. */
export interface UnclassifiedKernel {
  readonly name: string;
  readonly calls: number;
  readonly total_ns: number;
  /** of the total time of all calls, classified or not, 0 to 1 */
  readonly share: number;
  /** calls of this name that have a layer type */
  readonly classified_calls: number;
  /** names of the streams or threads they ran on */
  readonly streams: readonly string[];
  /** why they stayed unclassified, the most time first */
  readonly reasons: readonly {
    readonly reason: string;
    readonly calls: number;
    readonly total_ns: number;
  }[];
  /** the longest of them */
  readonly longest: {
    readonly call: number;
    readonly start_ns: number;
    readonly duration_ns: number;
  };
}

/** What is left without a layer type, the most time first. */
export interface UnclassifiedList {
  readonly population: Population;
  readonly calls: number;
  readonly total_ns: number;
  /** of the total time of all calls, 0 to 1 */
  readonly share: number;
  readonly kernels: readonly UnclassifiedKernel[];
}
