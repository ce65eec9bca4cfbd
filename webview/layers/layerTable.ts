import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/index.js';
import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  formatCount,
  formatCountOf,
  formatCounted,
  formatMicros,
  formatRatio,
  formatShare,
} from '../../src/analysis/format.js';
import type { DecomposeBy, Decomposition, DecompositionRow } from '../../src/analysis/results.js';
import { DECOMPOSE_BY } from '../../src/analysis/results.js';
import { shortenMiddle, visibleText } from '../../src/analysis/visibleText.js';
import { keepsPartOfEvents } from '../../src/trace/index.js';
import { RowGrid } from '../grid/rowGrid.js';
import type { SortHeading } from '../grid/rowGrid.js';
import { NameWidth } from '../nameWidth.js';
import '../share.js';
import { baseStyles, paneStyles, tableStyles, toolStyles } from '../sharedStyles.js';
import { sortRows } from '../sorting.js';
import type { SortValue } from '../sorting.js';
import type { ViewState } from '../state.js';
import '../swatch.js';
import { decompositionCsv, decompositionMarkdown, rowEvidence } from './tableText.js';

const BY_LABELS: Record<DecomposeBy, string> = {
  'layer-type': 'Layer type',
  layer: 'Layer',
  module: 'Module',
  kernel: 'Kernel',
  step: 'Step',
  phase: 'Phase',
  stream: 'Stream',
  rank: 'Rank',
};

interface Column {
  readonly id: string;
  readonly label: string;
  readonly title: string;
  readonly value: (row: DecompositionRow) => SortValue;
}

const COLUMNS: readonly Column[] = [
  { id: 'calls', label: 'Calls', title: 'Number of calls', value: (row) => row.calls },
  { id: 'total', label: 'Total µs', title: 'Sum of durations', value: (row) => row.total_ns },
  { id: 'share', label: 'Share', title: 'Share of the total time', value: (row) => row.share },
  { id: 'p50', label: 'p50 µs', title: 'Median duration', value: (row) => row.p50_ns },
  { id: 'p99', label: 'p99 µs', title: '99th percentile', value: (row) => row.p99_ns },
  { id: 'max', label: 'Max µs', title: 'Longest call', value: (row) => row.max_ns },
  { id: 'tail', label: 'Tail ratio', title: 'p99 / p50', value: (row) => row.tail_ratio },
];

/** Beside the calls of a recorder that keeps part of them: the calls it saw. */
const COUNTED: Column = {
  id: 'counted',
  label: 'Counted',
  title:
    'Calls the recorder saw, kept in the file or not; the percentiles are of those kept. Unknown where the file does not count them',
  value: (row) => row.counted,
};

function columnsOf({ trace }: Decomposition): readonly Column[] {
  const [calls, ...others] = COLUMNS;
  return keepsPartOfEvents(trace.format) ? [calls, COUNTED, ...others] : COLUMNS;
}

/** Columns that a narrow editor leaves out: shares say the same as sums, and p99 as much as the maximum. */
const SPARE: Readonly<Record<string, string>> = { total: 'spare', max: 'spare-when-small' };

/** Decompositions whose names need the room. */
const LONG_NAMES: ReadonlySet<DecomposeBy> = new Set(['module', 'kernel', 'step']);

/** Calls, share and tail of each layer type, layer, kernel, ...: the decomposition. */
@customElement('layerscope-layers')
export class LayerTable extends RowGrid {
  static override styles = [
    baseStyles,
    toolStyles,
    paneStyles,
    tableStyles,
    css`
      :host {
        /* Details may lie beside it: its own width says what has room. */
        container-type: inline-size;
      }
      .by {
        width: 130px;
      }
      td.name {
        max-width: 0;
        width: 30%;
        min-width: 190px;
      }
      .long td.name {
        width: 55%;
      }
      .long td.evidence {
        max-width: 130px;
      }
      th:first-child {
        min-width: 190px;
      }
      td.name layerscope-swatch {
        margin-inline-end: 7px;
      }
      layerscope-share {
        margin-inline-end: 8px;
      }
      .percent {
        display: inline-block;
        min-width: 46px;
      }
      td.evidence {
        color: var(--vscode-descriptionForeground);
        max-width: 280px;
      }
      .weak {
        color: var(--vscode-descriptionForeground);
        font-size: 11px;
        font-style: italic;
      }
      tr.overall td {
        background: var(--vscode-editor-background);
        border-top: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
        bottom: 0;
        color: var(--vscode-descriptionForeground);
        position: sticky;
      }
      .stale {
        opacity: 0.6;
      }
      .more {
        padding: 6px 10px;
      }
      @container (max-width: 900px) {
        th.evidence,
        td.evidence {
          display: none;
        }
        th,
        td {
          padding: 0 6px;
        }
        layerscope-share {
          display: none;
        }
        td.name,
        th:first-child {
          min-width: 130px;
        }
      }
      /* Beside a code editor the tail stays in view; sums are in what is copied. */
      @container (max-width: 640px) {
        th,
        td {
          padding: 0 5px;
        }
        .spare {
          display: none;
        }
      }
      @container (max-width: 480px) {
        .spare-when-small {
          display: none;
        }
        td.name,
        th:first-child {
          min-width: 110px;
        }
        .percent {
          min-width: 0;
        }
      }
    `,
  ];

  private readonly name = new NameWidth(this, 'tbody td.name', 38);
  private sorted: readonly DecompositionRow[] = [];

  protected get rowCount(): number {
    return this.sorted.length;
  }

  protected parts(s: ViewState): readonly unknown[] {
    return [s.table, s.sort, s.by, s.layerFilter, s.window];
  }

  protected override render() {
    const { table, sort, by } = this.state;
    const { value } = table;
    // Rows of the answer before stand until the new one is there; the heading is theirs.
    const shownBy = value?.by ?? by;
    this.sorted = value === null ? [] : this.sortedRows(value);
    const rows = this.page(this.sorted);
    const column = (heading: SortHeading) =>
      this.heading(heading, sort, (chosen) => this.view.setSort(chosen));
    return html`<div class="tools">
        <label for="by" class="faint">By</label>
        <vscode-single-select
          id="by"
          class="by"
          label="Decompose by"
          .value=${by}
          @change=${(event: Event) => this.changeBy(event)}
        >
          ${DECOMPOSE_BY.map(
            (key) =>
              html`<vscode-option value=${key} ?selected=${key === by}
                >${BY_LABELS[key]}</vscode-option
              >`,
          )}
        </vscode-single-select>
        ${this.filterChip()}
        <span class="spring"></span>
        <button
          class="tool"
          ?disabled=${value === null}
          @click=${() => value !== null && this.copyMarkdown(value)}
        >
          Copy as Markdown
        </button>
        <button class="tool" ?disabled=${value === null} @click=${() => this.copyCsv()}>
          Copy as CSV
        </button>
      </div>
      ${table.error === '' ? nothing : html`<p class="error" role="alert">${table.error}</p>`}
      <div class="scroll">
        ${
          value === null
            ? html`<p class="faint more">${table.pending ? 'Decomposing…' : ''}</p>`
            : html`<table
                role="grid"
                aria-label="Calls by ${BY_LABELS[shownBy].toLowerCase()}"
                aria-busy=${table.pending}
                aria-rowcount=${this.sorted.length + 1}
                class="${table.pending ? 'stale' : ''} ${LONG_NAMES.has(shownBy) ? 'long' : ''}"
                data-testid="layer-table"
              >
                <thead>
                  <tr>
                    ${column({ id: 'label', label: BY_LABELS[shownBy], title: '', numeric: false })}
                    ${columnsOf(value).map(({ id, label, title }) =>
                      column({
                        id,
                        label,
                        title,
                        numeric: true,
                        classes: SPARE[id] ?? '',
                      }),
                    )}
                    <th scope="col" class="evidence">Evidence</th>
                  </tr>
                </thead>
                <tbody @keydown=${(event: KeyboardEvent) => this.onKey(event)}>
                  ${repeat(
                    rows,
                    (row) => row.key,
                    (row, i) => this.row(row, i, value),
                  )}
                  ${this.overallRow(value)}
                </tbody>
              </table>`
        }
        ${this.moreRows()}
      </div>`;
  }

  private row(row: DecompositionRow, index: number, { by, trace }: Decomposition) {
    const label = visibleText(row.label);
    const selected = by === 'layer-type' && row.key === this.state.layerFilter;
    return html`<tr
      tabindex=${index === this.focused ? 0 : -1}
      aria-selected=${selected}
      data-key=${row.key}
      @focus=${() => (this.focused = index)}
      @click=${() => this.activate(index)}
    >
      <td
        class="name"
        role="rowheader"
        title=${by === 'layer-type' ? `${label}: click to see only its calls` : label}
      >
        ${by === 'layer-type' ? html`<layerscope-swatch .type=${row.key}></layerscope-swatch>` : nothing}${shortenMiddle(label, this.name.characters)}
      </td>
      <td class="number">${formatCount(row.calls)}</td>
      ${countedCell(trace, row.counted)}
      <td class="number spare">${formatMicros(row.total_ns)}</td>
      <td class="number">
        <layerscope-share .share=${row.share}></layerscope-share
        ><span class="percent">${formatShare(row.share)}</span>
      </td>
      <td class="number">${formatMicros(row.p50_ns)}</td>
      <td
        class="number"
        title=${row.weak_p99 ? `${formatCountOf(row.calls, 'call')}: fewer than 100, so p99 rests on the slowest one or two` : ''}
      >
        ${row.weak_p99 ? html`<span class="weak">weak</span> ` : nothing}${formatMicros(row.p99_ns)}
      </td>
      <td class="number spare-when-small">${formatMicros(row.max_ns)}</td>
      <td class="number">${formatRatio(row.tail_ratio)}</td>
      <td class="evidence" title=${rowEvidence(row)}>${rowEvidence(row)}</td>
    </tr>`;
  }

  private overallRow({ overall, population, trace }: Decomposition) {
    return html`<tr class="overall" data-key="overall">
      <td class="name" role="rowheader">
        Overall (${population.time_kind === 'gpu' ? 'GPU time' : 'host API time'})
      </td>
      <td class="number">${formatCount(overall.calls)}</td>
      ${countedCell(trace, population.counted)}
      <td class="number spare">${formatMicros(overall.total_ns)}</td>
      <td class="number"></td>
      <td class="number">${formatMicros(overall.p50_ns)}</td>
      <td class="number">${formatMicros(overall.p99_ns)}</td>
      <td class="number spare-when-small">${formatMicros(overall.max_ns)}</td>
      <td class="number">${formatRatio(overall.tail_ratio)}</td>
      <td class="evidence"></td>
    </tr>`;
  }

  private filterChip() {
    const { layerFilter, layerTypes } = this.state;
    if (layerFilter === '') {
      return nothing;
    }
    const label =
      layerTypes.value?.rows.find(({ key }) => key === layerFilter)?.label ?? layerFilter;
    return html`<span class="chip" data-testid="filter-chip">
      Stalls and timeline: only ${label}
      <button @click=${() => this.view.setLayerFilter('')}>clear</button>
    </span>`;
  }

  private sortedRows(decomposition: Decomposition): readonly DecompositionRow[] {
    const { sort } = this.state;
    if (sort.column === '') {
      return decomposition.rows;
    }
    const value =
      columnsOf(decomposition).find(({ id }) => id === sort.column)?.value ??
      ((row: DecompositionRow) => row.label);
    return sortRows(decomposition.rows, value, sort.descending);
  }

  private changeBy(event: Event): void {
    const chosen = (event.target as VscodeSingleSelect).value;
    const by = DECOMPOSE_BY.find((key) => key === chosen);
    if (by !== undefined) {
      this.startOver();
      this.view.setBy(by);
    }
  }

  /** A layer type narrows stalls and timeline to itself; again, and all are back. */
  protected activate(index: number): void {
    this.focused = index;
    const row = this.sorted.at(index);
    if (row !== undefined && this.state.table.value?.by === 'layer-type') {
      this.view.setLayerFilter(row.key === this.state.layerFilter ? '' : row.key);
    }
  }

  private copyMarkdown(decomposition: Decomposition): void {
    const heading = BY_LABELS[decomposition.by].toLowerCase();
    void this.view.copy(
      decompositionMarkdown(heading, decomposition, this.sorted),
      `${formatCount(this.sorted.length)} rows as Markdown`,
    );
  }

  private copyCsv(): void {
    void this.view.copy(
      decompositionCsv(this.sorted),
      `${formatCount(this.sorted.length)} rows as CSV`,
    );
  }
}

function countedCell({ format }: Decomposition['trace'], counted: number | null) {
  return keepsPartOfEvents(format)
    ? html`<td class="number" data-counted>${formatCounted(counted)}</td>`
    : nothing;
}
