import { METHODS, NO_LAYER, UNCLASSIFIED, type LayerLabels, type Trace } from '../trace/index.js';
import type { LabelDraft } from './pass.js';
import type { PassRows } from './structure/forwardPasses.js';

const COMPANION_METHOD = METHODS.indexOf('companion');

/** A trace with one label a row of its GPU events. */
export interface Labelled {
  readonly trace: Trace;
  readonly labels: LayerLabels;
}

/** Writes labels of the companion's calls to the calls that stand for them. */
export class LabelCopies {
  /** rule ids by rule id of the companion */
  private readonly rules = new Map<number, number>();
  /** module names by name id of the companion */
  private readonly modules = new Map<number, number>();

  constructor(
    private readonly trace: Trace,
    private readonly labels: LabelDraft,
    private readonly companion: Labelled,
  ) {}

  /**
   * @param from the companion's rows of a pass
   * @param to by position in `rows`: position in `from`, -1 where the companion has no such call
   */
  copy(rows: PassRows, from: PassRows, to: Int32Array): void {
    const { labels } = this;
    const known = this.companion.labels;
    /** source of the nearest match before each position */
    let before = -1;
    for (let at = 0; at < rows.length;) {
      if (to[at] >= 0) {
        before = from[to[at]];
        this.write(rows[at], before, this.ruleOf(known.rule[before]));
        at++;
        continue;
      }
      let next = at + 1;
      while (next < rows.length && to[next] < 0) {
        next++;
      }
      const after = next < rows.length ? from[to[next]] : -1;
      const sameLayer = before >= 0 && after >= 0 && known.index[before] === known.index[after];
      if (sameLayer && known.type[before] === known.type[after]) {
        const rule = labels.ruleId('Companion: between two kernels of the same layer and type');
        for (; at < next; at++) {
          this.write(rows[at], before, rule);
        }
      } else {
        const between = rows.subarray(at, next);
        const layer = sameLayer ? known.index[before] : NO_LAYER;
        this.explain(between, 'the companion trace has no such kernel here', layer);
      }
      at = next;
    }
  }

  /** Says of calls that stay unclassified why the companion did not help. */
  explain(rows: PassRows, why: string, layer = NO_LAYER): void {
    const { labels } = this;
    const rule = labels.ruleId(`Companion: ${why}`);
    for (const row of rows) {
      if (labels.type[row] === UNCLASSIFIED && labels.rule[row] === 0) {
        labels.rule[row] = rule;
      }
      if (labels.type[row] === UNCLASSIFIED && labels.index[row] === NO_LAYER) {
        labels.index[row] = layer;
      }
    }
  }

  private write(row: number, source: number, rule: number): void {
    const { labels } = this;
    const known = this.companion.labels;
    if (labels.type[row] === UNCLASSIFIED && known.type[source] !== UNCLASSIFIED) {
      labels.type[row] = known.type[source];
      labels.index[row] = known.index[source];
      labels.module[row] = this.moduleOf(known.module[source]);
      labels.method[row] = COMPANION_METHOD;
      labels.rule[row] = rule;
    }
  }

  private ruleOf(source: number): number {
    const { labels, companion } = this;
    let rule = this.rules.get(source);
    if (rule === undefined) {
      const why = companion.labels.rules[source] || 'a labelled kernel';
      rule = labels.ruleId(`Companion: stands for ${why}`);
      this.rules.set(source, rule);
    }
    return rule;
  }

  private moduleOf(source: number): number {
    const { trace, companion } = this;
    let module = this.modules.get(source);
    if (module === undefined) {
      module = trace.names.intern(companion.trace.names.get(source));
      this.modules.set(source, module);
    }
    return module;
  }
}
