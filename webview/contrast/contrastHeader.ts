import { css, html, nothing, svg } from 'lit';
import { customElement } from 'lit/decorators.js';
import { attributionNotes, attributionParts } from '../../src/analysis/attributionText.js';
import {
  formatCount,
  formatCountOf,
  formatDuration,
  formatMicros,
  formatShare,
} from '../../src/analysis/format.js';
import type {
  DashboardView,
  Decomposition,
  Population,
  TimeWindow,
} from '../../src/analysis/results.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import type { TraceSummary } from '../../src/session/session.js';
import { baseStyles, toolStyles } from '../sharedStyles.js';
import { HEADER_NARROW, MediaQuery } from '../mediaQuery.js';
import type { ViewState } from '../state.js';
import '../swatch.js';
import { ViewElement } from '../viewElement.js';
import { clockNotes } from '../../src/analysis/clockNotes.js';
import { evidenceShares, populationBrief, populationParts } from './evidence.js';
import { sparklinePoints } from './sparkline.js';
import { describeWorst, worstLayer } from './worstLayer.js';

const SPARK_WIDTH = 90;
const SPARK_HEIGHT = 26;

/** The dashboard's figures beside the layers' figures, and which rows both are made of. */
@customElement('layerscope-contrast')
export class ContrastHeader extends ViewElement {
  static override styles = [
    baseStyles,
    toolStyles,
    css`
      :host {
        border-bottom: 1px solid
          var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
        display: block;
        max-height: 45vh;
        overflow: auto;
        padding: 8px 14px 6px;
      }
      .title {
        align-items: baseline;
        display: flex;
        flex-wrap: wrap;
        gap: 2px 12px;
        margin-bottom: 8px;
      }
      h1 {
        font-size: inherit;
        font-weight: 600;
        margin: 0;
        overflow-wrap: anywhere;
      }
      .title .chip {
        margin-inline-start: auto;
      }
      .sides {
        display: grid;
        gap: 10px 20px;
        grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr);
      }
      section + section {
        border-inline-start: 1px solid
          var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
        padding-inline-start: 20px;
      }
      .figures {
        align-items: end;
        display: flex;
        flex-wrap: wrap;
        gap: 6px 16px;
        margin-top: 5px;
      }
      .figures dl {
        margin: 0;
      }
      dt {
        color: var(--vscode-descriptionForeground);
        font-size: 11px;
      }
      dd {
        font-size: 18px;
        font-variant-numeric: tabular-nums;
        line-height: 1.25;
        margin: 0;
        white-space: nowrap;
      }
      .spark {
        align-items: center;
        display: flex;
        gap: 8px;
      }
      .spark svg {
        display: block;
      }
      .spark polyline {
        fill: none;
        stroke: var(--vscode-charts-blue, var(--vscode-foreground));
        stroke-width: 1.25;
      }
      .spark line {
        stroke: var(--vscode-descriptionForeground);
        stroke-opacity: 0.35;
      }
      .spark span {
        font-size: 11px;
      }
      .sentence {
        font-size: 18px;
        line-height: 1.25;
        margin: 5px 0 2px;
      }
      .sentence strong {
        font-weight: 600;
      }
      .population {
        align-items: center;
        color: var(--vscode-descriptionForeground);
        display: flex;
        flex-wrap: wrap;
        font-size: 12px;
        gap: 2px 14px;
        margin-top: 8px;
      }
      .host-time {
        color: var(--vscode-editorWarning-foreground, var(--vscode-foreground));
        font-weight: 600;
      }
      .evidence {
        border: 1px solid var(--vscode-contrastBorder, transparent);
        border-radius: 2px;
        display: inline-flex;
        height: 8px;
        margin-inline-end: 6px;
        overflow: hidden;
        vertical-align: middle;
        width: 90px;
      }
      .evidence i {
        forced-color-adjust: none;
        height: 100%;
      }
      .m-module {
        background: #0072b2;
      }
      .m-stack {
        background: #56b4e9;
      }
      .m-companion {
        background: #009e73;
      }
      .m-structure {
        background: #e69f00;
      }
      .m-name {
        background: #cc79a7;
      }
      /* Hatched: what is not known must not look like one more kind of evidence. */
      .m-none {
        background: repeating-linear-gradient(
          135deg,
          color-mix(in srgb, var(--vscode-foreground) 45%, transparent) 0 1.5px,
          transparent 1.5px 4px
        );
      }
      .evidence-line {
        align-items: center;
        display: inline-flex;
        flex-wrap: wrap;
        gap: 0 10px;
      }
      .evidence-line .evidence {
        margin-inline-end: 0;
        width: 120px;
      }
      .key {
        white-space: nowrap;
      }
      .key b {
        border: 1px solid color-mix(in srgb, var(--vscode-foreground) 45%, transparent);
        border-radius: 2px;
        display: inline-block;
        forced-color-adjust: none;
        height: 9px;
        margin-inline-end: 4px;
        width: 9px;
      }
      details {
        font-size: 12px;
      }
      summary {
        cursor: pointer;
      }
      .evidence i + i {
        border-inline-start: 1px solid var(--vscode-editor-background);
      }
      .notes[open] {
        flex-basis: 100%;
      }
      .notes ul {
        margin: 4px 0;
        max-height: 130px;
        overflow: auto;
        padding-inline-start: 18px;
      }
      /* Beside a code editor: one line each for the trace, the dashboard, the layers, the population. */
      @media (max-width: 820px) {
        :host {
          padding: 5px 10px 4px;
        }
        .title {
          flex-wrap: nowrap;
          margin-bottom: 2px;
        }
        h1,
        .title .faint {
          overflow: hidden;
          text-overflow: ellipsis;
          white-space: nowrap;
        }
        .title .faint {
          flex-shrink: 1000000;
        }
        .title .chip {
          flex: none;
        }
        .sides {
          display: block;
        }
        section,
        section + section {
          align-items: baseline;
          border: 0;
          display: flex;
          gap: 10px;
          padding: 0;
        }
        h2 {
          flex: none;
          width: 78px;
        }
        h2 span {
          display: none;
        }
        .figures {
          align-items: baseline;
          gap: 0 14px;
          margin: 0;
        }
        .figures dl {
          align-items: baseline;
          display: flex;
          gap: 5px;
        }
        dt span {
          display: none;
        }
        .spark {
          display: none;
        }
        dd,
        .sentence {
          font-size: 13px;
          line-height: 1.5;
        }
        .sentence {
          margin: 0;
          overflow: hidden;
          text-overflow: ellipsis;
          white-space: nowrap;
        }
        .weight {
          flex-shrink: 1000000;
          overflow: hidden;
          text-overflow: ellipsis;
          white-space: nowrap;
        }
        .population {
          display: block;
          margin-top: 1px;
        }
        .population summary {
          overflow: hidden;
          text-overflow: ellipsis;
          white-space: nowrap;
        }
        .population .evidence {
          width: 44px;
        }
        .notes ul {
          max-height: 18vh;
        }
      }
      @media (max-width: 480px) {
        .figures {
          gap: 0 8px;
        }
        .figures dl {
          gap: 3px;
        }
      }
    `,
  ];

  private readonly narrow = new MediaQuery(this, HEADER_NARROW);

  protected parts(state: ViewState): readonly unknown[] {
    return [state.opening, state.layerTypes, state.window];
  }

  protected override render() {
    const { opening, layerTypes, window } = this.state;
    if (opening.stage !== 'opened') {
      return nothing;
    }
    const { summary } = opening;
    return html`
      <div class="title">
        <h1 title=${summary.files.map(({ name }) => visibleText(name)).join('\n')}>
          ${fileNames(summary)}
        </h1>
        <span class="faint" title=${describeTrace(summary)}>${describeTrace(summary)}</span>
        ${
          window === null
            ? nothing
            : html`<span class="chip" data-testid="window-chip">
                ${this.windowText(window)}
                <button @click=${() => this.view.setWindow(null)}>clear</button>
              </span>`
        }
      </div>
      <div class="sides" aria-busy=${layerTypes.pending}>
        ${this.dashboardSide(summary, layerTypes.value)} ${this.layerSide(layerTypes.value)}
      </div>
      ${layerTypes.error === '' ? nothing : html`<p class="error" role="alert">${layerTypes.error}</p>`}
      ${layerTypes.value === null ? nothing : this.population(summary, layerTypes.value)}
    `;
  }

  private dashboardSide(summary: TraceSummary, decomposition: Decomposition | null) {
    const { dashboard } = summary;
    // Until the window's figures are there, the whole trace's stand; the chip tells which is meant.
    const overall = decomposition?.overall ?? {
      ...dashboard.overall,
      duty_cycle: dashboard.duty_cycle,
    };
    const range = dashboard.duty_cycle_range;
    const host = summary.timeKind === 'host_api';
    return html`<section aria-label="What the dashboard says">
      <h2><span>What the </span>dashboard<span> says</span></h2>
      <div class="figures">
        <dl title="Share of the time in which at least one kernel ran, as nvidia-smi reports it">
          <dt>Duty<span> cycle</span></dt>
          <dd data-testid="duty-cycle">
            ${overall.duty_cycle === null ? 'unknown' : formatShare(overall.duty_cycle)}
          </dd>
        </dl>
        ${
          range === null || !hasSamples(dashboard)
            ? nothing
            : html`<div
                class="spark"
                role="img"
                title="Duty cycle of each ${formatDuration(dashboard.sample_ns)} of the trace"
                aria-label=${dutyCycleText(dashboard)}
              >
                ${this.sparkline(dashboard.duty_cycle_samples)}
                <span class="faint figure">
                  min – median – max${this.state.window === null ? '' : ', whole trace'}<br />
                  ${formatShare(range.min)} – ${formatShare(range.median)} –
                  ${formatShare(range.max)}
                </span>
              </div>`
        }
        <dl>
          <dt>${host ? 'API calls' : 'Calls'}</dt>
          <dd data-testid="overall-calls">${formatCount(overall.calls)}</dd>
        </dl>
        <dl title="Median over all calls">
          <dt>p50<span>, all calls</span></dt>
          <dd data-testid="overall-p50">${microsWithUnit(overall.p50_ns)}</dd>
        </dl>
        <dl title="99th percentile over all calls">
          <dt>p99<span>, all calls</span></dt>
          <dd data-testid="overall-p99">${microsWithUnit(overall.p99_ns)}</dd>
        </dl>
      </div>
    </section>`;
  }

  private sparkline(samples: readonly number[]) {
    return html`<svg width=${SPARK_WIDTH} height=${SPARK_HEIGHT} aria-hidden="true">
      ${svg`<line x1="0" x2=${SPARK_WIDTH} y1=${SPARK_HEIGHT - 1} y2=${SPARK_HEIGHT - 1}></line>
        <line x1="0" x2=${SPARK_WIDTH} y1="1" y2="1" stroke-dasharray="2 3"></line>
        <polyline points=${sparklinePoints(samples, SPARK_WIDTH, SPARK_HEIGHT)}></polyline>`}
    </svg>`;
  }

  private layerSide(decomposition: Decomposition | null) {
    return html`<section aria-label="What the layers say">
      <h2><span>What the </span>layers<span> say</span></h2>
      ${decomposition === null ? html`<p class="sentence faint">…</p>` : this.sentence(decomposition)}
    </section>`;
  }

  private sentence(decomposition: Decomposition) {
    const worst = worstLayer(decomposition);
    if (worst === undefined) {
      const what = decomposition.overall.calls === 0 ? 'No calls here.' : 'No layer type found.';
      return html`<p class="sentence" data-testid="worst-layer">${what}</p>`;
    }
    const words = describeWorst(decomposition, worst);
    return html`<p
        class="sentence"
        data-testid="worst-layer"
        title="The greatest p99 above its own median among layer types with at least 100 calls and 1 % of the time"
      >
        <layerscope-swatch .type=${worst.key}></layerscope-swatch>
        <strong>${worst.label}</strong>: ${words.tail}
      </p>
      <div class="faint weight" title=${words.weight}>${words.weight}</div>`;
  }

  private windowText({ startNs, endNs }: TimeWindow): string {
    const length = formatDuration(endNs - startNs);
    return this.narrow.matches
      ? `Window ${length}`
      : `Window ${formatDuration(startNs)} – ${formatDuration(endNs)} (${length})`;
  }

  private population(summary: TraceSummary, decomposition: Decomposition) {
    return this.narrow.matches
      ? this.populationInBrief(summary, decomposition)
      : this.populationInFull(summary, decomposition.population);
  }

  private populationInFull(summary: TraceSummary, population: Population) {
    const host = population.time_kind === 'host_api';
    const parts = populationParts(population, this.state.window !== null);
    const notes = notesOn(summary);
    return html`<div class="population" data-testid="population">
      ${parts.map(
        (part, i) =>
          html`<span class=${host && i === parts.length - 1 ? 'host-time' : ''}>${part}</span>`,
      )}
      ${this.evidenceLine(population)} ${this.showUnclassified(population)}
      ${basisParts(summary, population)}
      ${
        notes.length === 0
          ? html`<span>no warnings</span>`
          : html`<details class="notes" data-testid="warnings">
              <summary>${noteCount(notes)} on this file</summary>
              ${noteList(notes)}
            </details>`
      }
    </div>`;
  }

  /** One line; what it leaves out stands first among the notes behind it. */
  private populationInBrief(summary: TraceSummary, decomposition: Decomposition) {
    const { population } = decomposition;
    const windowed = this.state.window !== null;
    const brief = populationBrief(population, windowed);
    const notes = notesOn(summary);
    const worst = worstLayer(decomposition);
    const { dashboard } = summary;
    const rest = [
      describeTrace(summary),
      ...(hasSamples(dashboard) ? [dutyCycleText(dashboard)] : []),
      ...populationParts(population, windowed),
      ...attributionParts(summary.attribution, population),
      ...(worst === undefined
        ? []
        : [`${worst.label}: ${describeWorst(decomposition, worst).weight}`]),
      ...notes,
    ];
    return html`<details class="population notes" data-testid="population">
      <summary>
        ${brief.rows} ·
        <span class=${population.time_kind === 'host_api' ? 'host-time' : ''}>${brief.time}</span>
        · ${this.evidenceBar(population)}${brief.classified} · ${noteCount(notes)}
      </summary>
      ${this.evidenceLine(population)} ${this.showUnclassified(population)} ${noteList(rest)}
    </details>`;
  }

  private evidenceBar(population: Population) {
    return html`<span class="evidence" aria-hidden="true">
      ${evidenceShares(population).map(
        ({ method, label, figures }) =>
          html`<i class="m-${method}" title="${label}: ${figures}"></i>`,
      )}
    </span>`;
  }

  /** The bar with its key: what is known by which evidence, and what is not known. */
  private evidenceLine(population: Population) {
    const shares = evidenceShares(population);
    return html`<span class="evidence-line" data-testid="evidence">
      ${this.evidenceBar(population)} classified ${formatShare(population.classified_share)}:
      ${shares.map(
        ({ method, label, share, figures }) =>
          html`<span class="key" title="${label}: ${figures}"
            ><b class="m-${method}" aria-hidden="true"></b>${label} ${formatShare(share)}<span
              class="visually-hidden"
            >
              (${figures})</span
            ></span
          >`,
      )}
    </span>`;
  }

  private showUnclassified({ evidence }: Population) {
    return evidence.some(({ method }) => method === 'none')
      ? html`<button
          class="tool bordered"
          data-testid="show-unclassified"
          @click=${() => this.view.setPanel('unclassified')}
        >
          Show unclassified
        </button>`
      : nothing;
  }

  protected override updated(): void {
    const value = this.state.layerTypes.value;
    if (value === null) {
      return;
    }
    // Widths are set from here: the content security policy forbids style attributes in markup.
    const shares = evidenceShares(value.population);
    for (const bar of this.renderRoot.querySelectorAll('.evidence')) {
      bar.querySelectorAll('i').forEach((part, i) => {
        part.style.width = `${(shares[i]?.share ?? 0) * 100}%`;
      });
    }
  }
}

/** The configuration and the companion the layers were told by; the path shows on hover. */
function basisParts({ attribution }: TraceSummary, population: Population) {
  const path = visibleText(attribution.model?.path ?? '');
  return attributionParts(attribution, population).map(
    (part) => html`<span data-testid="attribution-basis" title=${path}>${part}</span>`,
  );
}

/** What reading the file had to say: warnings, rows left out, what it does not hold. */
function notesOn({ report, ranks, attribution }: TraceSummary): readonly string[] {
  const { warnings, missing, skipped } = report;
  return [
    ...attributionNotes(attribution),
    ...warnings.map(({ message }) => visibleText(message)),
    ...clockNotes(ranks).map(visibleText),
    ...skipped
      .filter(({ rows }) => rows > 0)
      .map(({ reason, rows }) => `${formatCount(rows)} rows left out: ${visibleText(reason)}.`),
    ...(missing.length === 0 ? [] : [`Not in this file: ${missing.map(visibleText).join(', ')}.`]),
  ];
}

/** Whether there are samples over time, and not one for all. */
function hasSamples(dashboard: DashboardView): boolean {
  return dashboard.duty_cycle_range !== null && dashboard.duty_cycle_samples.length > 1;
}

/** What the sparkline shows, over the whole trace; '' without GPU events. */
function dutyCycleText({ duty_cycle_range: range, sample_ns: sample }: DashboardView): string {
  return range === null
    ? ''
    : `Duty cycle per ${formatDuration(sample)}: least ${formatShare(range.min)}, ` +
        `median ${formatShare(range.median)}, greatest ${formatShare(range.max)}`;
}

function noteList(notes: readonly string[]) {
  return html`<ul>
    ${notes.map((note) => html`<li>${note}</li>`)}
  </ul>`;
}

function noteCount(notes: readonly string[]): string {
  switch (notes.length) {
    case 0:
      return 'no warnings';
    case 1:
      return '1 note';
    default:
      return `${formatCount(notes.length)} notes`;
  }
}

function microsWithUnit(ns: number | null): string {
  return ns === null ? 'none' : `${formatMicros(ns)} µs`;
}

/** The first file's name, and how many more were opened with it. */
function fileNames({ files }: TraceSummary): string {
  const first = visibleText(files[0]?.name ?? '');
  const more = files.length - 1;
  return more > 0 ? `${first} and ${formatCountOf(more, 'more file')}` : first;
}

function ranksText({ ranks, run }: TraceSummary): string {
  if (ranks.some(({ recorded }) => recorded !== undefined)) {
    const numbers = new Set(ranks.map(({ rank }) => rank).filter((rank) => rank >= 0));
    const known = numbers.size > 0 ? `${formatCountOf(numbers.size, 'rank')} in ` : '';
    return known + formatCountOf(ranks.length, 'recording');
  }
  const unread = run.filter((file) => !file.loaded).length;
  return unread > 0
    ? `${formatCount(ranks.length)} of ${formatCount(ranks.length + unread)} ranks`
    : formatCountOf(ranks.length, 'rank');
}

function describeTrace(summary: TraceSummary): string {
  const { counts } = summary;
  const parts = [
    visibleText(summary.formatLabel),
    formatDuration(summary.spanNs),
    ...(counts.gpu > 0 ? [`${formatCount(counts.gpu)} GPU events`] : []),
    ...(counts.launches > 0 ? [`${formatCount(counts.launches)} API calls`] : []),
    ...(counts.host > 0 ? [`${formatCount(counts.host)} host events`] : []),
    ranksText(summary),
  ];
  return parts.join(' · ');
}
