import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  formatCount,
  formatCountOf,
  formatDuration,
  formatMicros,
  formatShare,
} from '../../src/analysis/format.js';
import type { UnclassifiedKernel, UnclassifiedList } from '../../src/analysis/results.js';
import { shortenMiddle, visibleText } from '../../src/analysis/visibleText.js';
import { RowGrid } from '../grid/rowGrid.js';
import type { SortHeading } from '../grid/rowGrid.js';
import { NameWidth } from '../nameWidth.js';
import '../share.js';
import { baseStyles, paneStyles, tableStyles, toolStyles } from '../sharedStyles.js';
import { sortRows } from '../sorting.js';
import type { SortValue } from '../sorting.js';
import type { ViewState } from '../state.js';
import { reasonText, streamText, unclassifiedCsv } from './unclassifiedText.js';

interface Column extends SortHeading {
  readonly value: (kernel: UnclassifiedKernel) => SortValue;
}

const COLUMNS: readonly Column[] = [
  {
    id: 'name',
    label: 'Kernel',
    title: '',
    numeric: false,
    value: (kernel) => kernel.name,
  },
  {
    id: 'calls',
    label: 'Calls',
    title: 'Calls of this name without a layer type',
    numeric: true,
    value: (kernel) => kernel.calls,
  },
  {
    id: 'total',
    label: 'Total µs',
    title: 'Sum of their durations',
    numeric: true,
    classes: 'spare',
    value: (kernel) => kernel.total_ns,
  },
  {
    id: 'share',
    label: 'Share',
    title: 'Share of the time of all calls, classified or not',
    numeric: true,
    value: (kernel) => kernel.share,
  },
  {
    id: 'longest',
    label: 'Max µs',
    title: 'The longest of them, which a click selects',
    numeric: true,
    classes: 'spare',
    value: (kernel) => kernel.longest.duration_ns,
  },
  {
    id: 'streams',
    label: 'Streams',
    title: 'Where they ran',
    numeric: false,
    classes: 'streams',
    value: (kernel) => streamText(kernel),
  },
  {
    id: 'why',
    label: 'Why not',
    title: 'Why no layer type was found, the most time first',
    numeric: false,
    classes: 'why',
    value: (kernel) => reasonText(kernel),
  },
];

/** What has no layer type, by kernel name, and the way to a rule that gives it one. */
@customElement('layerscope-unclassified')
export class UnclassifiedTable extends RowGrid {
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
      td.name {
        max-width: 0;
        min-width: 190px;
        width: 40%;
      }
      layerscope-share {
        margin-inline-end: 8px;
      }
      .percent {
        display: inline-block;
        min-width: 46px;
      }
      td.why,
      td.streams {
        color: var(--vscode-descriptionForeground);
        max-width: 260px;
      }
      td.streams {
        max-width: 130px;
      }
      .stale {
        opacity: 0.6;
      }
      .more {
        padding: 6px 10px;
      }
      @container (max-width: 900px) {
        .streams,
        layerscope-share {
          display: none;
        }
        th,
        td {
          padding: 0 6px;
        }
        td.name {
          min-width: 130px;
        }
        td.why {
          max-width: 140px;
        }
      }
      /* Beside a code editor the name, its share and the way to a rule stay in view. */
      @container (max-width: 640px) {
        .spare,
        .why {
          display: none;
        }
        th,
        td {
          padding: 0 4px;
        }
        td.name {
          min-width: 96px;
        }
        .percent {
          min-width: 0;
        }
      }
    `,
  ];

  private readonly name = new NameWidth(this, 'tbody td.name', 20);
  private sorted: readonly UnclassifiedKernel[] = [];

  protected parts(s: ViewState): readonly unknown[] {
    return [s.unclassified, s.unclassifiedSort, s.selection];
  }

  protected get rowCount(): number {
    return this.sorted.length;
  }

  protected override render() {
    const { unclassified, unclassifiedSort: sort } = this.state;
    const { value } = unclassified;
    this.sorted = value === null ? [] : this.sortedRows(value);
    return html`<div class="tools">
        <span class="faint figure" role="status" data-testid="unclassified-status">
          ${value === null ? '' : countText(value)}
        </span>
        <span class="spring"></span>
        <button class="tool" ?disabled=${this.sorted.length === 0} @click=${() => this.copyCsv()}>
          Copy as CSV
        </button>
      </div>
      ${
        unclassified.error === ''
          ? nothing
          : html`<p class="error more" role="alert">${unclassified.error}</p>`
      }
      <div class="scroll">
        ${
          value === null
            ? html`<p class="faint more">
                ${unclassified.pending ? 'Looking for calls without a layer type…' : ''}
              </p>`
            : value.kernels.length === 0
              ? html`<p class="more">Every call here has a layer type.</p>`
              : this.table(unclassified.pending, (heading) =>
                  this.heading(heading, sort, (chosen) => this.view.setUnclassifiedSort(chosen)),
                )
        }
        ${this.moreRows()}
      </div>`;
  }

  private table(pending: boolean, heading: (column: SortHeading) => unknown) {
    return html`<table
      role="grid"
      aria-label="Calls without a layer type, by kernel"
      aria-busy=${pending}
      aria-rowcount=${this.sorted.length + 1}
      class=${pending ? 'stale' : ''}
      data-testid="unclassified-table"
    >
      <thead>
        <tr>
          ${COLUMNS.map(heading)}
          <th scope="col"><span class="visually-hidden">Rule</span></th>
        </tr>
      </thead>
      <tbody @keydown=${(event: KeyboardEvent) => this.onKey(event)}>
        ${repeat(
          this.page(this.sorted),
          (kernel) => kernel.name,
          (kernel, i) => this.row(kernel, i),
        )}
      </tbody>
    </table>`;
  }

  private row(kernel: UnclassifiedKernel, index: number) {
    const { selection } = this.state;
    const selected = selection?.kind === 'call' && selection.call === kernel.longest.call;
    const name = visibleText(kernel.name) || '(no name)';
    const known = kernel.classified_calls;
    return html`<tr
      tabindex=${index === this.focused ? 0 : -1}
      aria-selected=${selected}
      data-call=${kernel.longest.call}
      @focus=${() => (this.focused = index)}
      @click=${() => this.activate(index)}
    >
      <td class="name" role="rowheader" title=${name}>
        ${shortenMiddle(name, this.name.characters)}
      </td>
      <td
        class="number"
        title=${known === 0 ? '' : `${formatCount(known)} more calls of this name have a layer type`}
      >
        ${formatCount(kernel.calls)}
      </td>
      <td class="number spare">${formatMicros(kernel.total_ns)}</td>
      <td class="number">
        <layerscope-share .share=${kernel.share}></layerscope-share
        ><span class="percent">${formatShare(kernel.share)}</span>
      </td>
      <td class="number spare">${formatMicros(kernel.longest.duration_ns)}</td>
      <td class="streams" title=${kernel.streams.map(visibleText).join('\n')}>
        ${streamText(kernel)}
      </td>
      <td class="why" title=${reasonText(kernel)}>${reasonText(kernel)}</td>
      <td>
        <button
          class="link"
          aria-label="Make a rule for ${shortenMiddle(name, 80)}"
          title="Write a rule for this name into .layerscope/layers.json and open it there"
          @click=${(event: Event) => {
            event.stopPropagation();
            void this.view.makeRule(kernel.name);
          }}
        >
          Make a rule…
        </button>
      </td>
    </tr>`;
  }

  private sortedRows({ kernels }: UnclassifiedList): readonly UnclassifiedKernel[] {
    const { unclassifiedSort: sort } = this.state;
    const column = COLUMNS.find(({ id }) => id === sort.column);
    return column === undefined ? kernels : sortRows(kernels, column.value, sort.descending);
  }

  /** Selects the longest call: its details say why it has no layer. */
  protected activate(index: number): void {
    this.focused = index;
    const longest = this.sorted.at(index)?.longest;
    if (longest !== undefined) {
      this.view.select({
        kind: 'call',
        call: longest.call,
        startNs: longest.start_ns,
        durationNs: longest.duration_ns,
        merged: 1,
      });
      this.view.showInterval(longest.start_ns, longest.duration_ns);
    }
  }

  private copyCsv(): void {
    void this.view.copy(
      unclassifiedCsv(this.sorted),
      `${formatCount(this.sorted.length)} rows as CSV`,
    );
  }
}

function countText({ calls, kernels, total_ns, share, population }: UnclassifiedList): string {
  const time = population.time_kind === 'gpu' ? 'GPU time' : 'host API time';
  return (
    `${formatCountOf(calls, 'call')} of ` +
    `${formatCountOf(kernels.length, 'name')}, ` +
    `${formatDuration(total_ns)}, ${formatShare(share)} of ${time}`
  );
}
