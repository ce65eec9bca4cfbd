import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/index.js';
import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import {
  formatCount,
  formatDuration,
  formatKept,
  formatMicros,
  formatRatio,
} from '../../src/analysis/format.js';
import type { Stall, StallList } from '../../src/analysis/results.js';
import { shortenMiddle, visibleText } from '../../src/analysis/visibleText.js';
import { RowGrid } from '../grid/rowGrid.js';
import { NameWidth } from '../nameWidth.js';
import { baseStyles, paneStyles, tableStyles, toolStyles } from '../sharedStyles.js';
import type { ViewState } from '../state.js';
import '../swatch.js';

/** Calls far above their layer's normal, the most time lost first. */
@customElement('layerscope-stalls')
export class StallTable extends RowGrid {
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
      vscode-textfield {
        min-width: 0;
        width: 62px;
      }
      td.kernel {
        max-width: 0;
        min-width: 160px;
        width: 34%;
      }
      layerscope-swatch {
        margin-inline-end: 7px;
      }
      .empty {
        padding: 8px 10px;
      }
      .stale {
        opacity: 0.6;
      }
      @container (max-width: 900px) {
        th,
        td {
          padding: 0 6px;
        }
        .wide {
          display: none;
        }
      }
      /* Beside a code editor: the way to the code stays in view, whatever is beyond the edge. */
      @container (max-width: 640px) {
        .place,
        .rank {
          display: none;
        }
        th,
        td {
          padding: 0 4px;
        }
        td.kernel {
          min-width: 90px;
        }
        tr {
          --row: transparent;
        }
        tbody tr:hover {
          --row: var(--vscode-list-hoverBackground, transparent);
        }
        tbody tr[aria-selected='true'] {
          --row: var(--vscode-list-inactiveSelectionBackground, transparent);
        }
        tbody:focus-within tr[aria-selected='true'] {
          --row: var(--vscode-list-activeSelectionBackground, transparent);
        }
        /* Row colours may be transparent; what scrolls by beneath must not show through. */
        thead tr th.code,
        tbody tr td.code,
        tbody:focus-within tr td.code {
          background: linear-gradient(var(--row), var(--row)) var(--vscode-editor-background);
          position: sticky;
          right: 0;
        }
      }
    `,
  ];

  private readonly name = new NameWidth(this, 'tbody td.kernel', 20);

  protected get rowCount(): number {
    return this.state.stalls.value?.stalls.length ?? 0;
  }

  protected activate(index: number): void {
    const stall = this.state.stalls.value?.stalls.at(index);
    if (stall !== undefined) {
      this.open(stall, index);
    }
  }

  protected parts(s: ViewState): readonly unknown[] {
    return [s.stalls, s.selection, s.layerFilter, s.factor];
  }

  protected override render() {
    const { stalls, factor } = this.state;
    const { value } = stalls;
    return html`<div class="tools">
        <label for="factor">Slower than</label>
        <vscode-textfield
          id="factor"
          .label=${'Times the typical duration from which a call is a stall'}
          .value=${String(factor ?? value?.factor ?? '')}
          @change=${(event: Event) => this.changeFactor(event)}
        ></vscode-textfield>
        <span
          title="The larger of two medians: of the call's layer type, and of its own kernel in that type and phase"
          >times what is typical<span class="wide"> of its layer and kernel</span></span
        >
        ${this.filterChip()}
        <span class="faint figure" role="status">${value === null ? '' : countText(value)}</span>
      </div>
      ${stalls.error === '' ? nothing : html`<p class="error empty" role="alert">${stalls.error}</p>`}
      <div class="scroll">
        ${
          value === null
            ? html`<p class="faint empty">${stalls.pending ? 'Looking for stalls…' : ''}</p>`
            : value.stalls.length === 0
              ? html`<p class="empty">
                  No call took more than ${value.factor} times its typical duration here.
                </p>`
              : this.table(value, stalls.pending)
        }
      </div>`;
  }

  private table(list: StallList, pending: boolean) {
    const ranks = new Set(list.stalls.map(({ rank }) => rank)).size > 1;
    return html`<table
      role="grid"
      aria-label="Stalls, the most time lost first"
      aria-busy=${pending}
      class=${pending ? 'stale' : ''}
      data-testid="stall-table"
    >
      <thead>
        <tr>
          <th scope="col" class="number place">#</th>
          <th scope="col" class="number" title="Duration less the typical one">Lost µs</th>
          <th scope="col" class="number">Duration µs</th>
          <th
            scope="col"
            class="number"
            title="Duration / what is typical: the larger of the medians of its layer type and of its kernel"
          >
            x typical
          </th>
          <th scope="col">Layer</th>
          <th scope="col">Kernel</th>
          <th scope="col" class="wide">Step, phase</th>
          ${ranks ? html`<th scope="col" class="rank">Rank</th>` : nothing}
          <th scope="col" class="code"><span class="visually-hidden">Code</span></th>
        </tr>
      </thead>
      <tbody @keydown=${(event: KeyboardEvent) => this.onKey(event)}>
        ${this.page(list.stalls).map((stall, i) => this.row(stall, i, ranks))}
      </tbody>
    </table>`;
  }

  private row(stall: Stall, index: number, ranks: boolean) {
    const { selection } = this.state;
    const selected = selection?.kind === 'call' && selection.call === stall.call;
    const name = visibleText(stall.name);
    return html`<tr
      tabindex=${index === this.focused ? 0 : -1}
      aria-selected=${selected}
      data-call=${stall.call}
      @focus=${() => (this.focused = index)}
      @click=${() => this.open(stall, index)}
    >
      <td class="number faint place">${index + 1}</td>
      <td class="number">${formatMicros(stall.lost_ns)}</td>
      <td class="number" title="typical: ${formatMicros(stall.typical_ns)} µs">
        ${formatMicros(stall.duration_ns)}
      </td>
      <td class="number">${formatRatio(stall.times_typical)}</td>
      <td title=${visibleText(stall.module)}>
        <layerscope-swatch .type=${stall.layer_type}></layerscope-swatch
        >${stall.layer_label}${stall.layer_index < 0 ? '' : ` · L${stall.layer_index}`}
      </td>
      <td class="kernel" title=${name}>${shortenMiddle(name, this.name.characters)}</td>
      <td class="wide" title=${visibleText(stall.step)}>${stepText(stall)}</td>
      ${ranks ? html`<td class="rank">${visibleText(stall.rank)}</td>` : nothing}
      <td class="code">
        ${
          stall.has_source
            ? html`<button
                class="link"
                @click=${(event: Event) => {
                  event.stopPropagation();
                  void this.view.goToCode(stall.call);
                }}
              >
                Go to code
              </button>`
            : html`<span class="faint" title="This call has no stack, module or annotation"
                >no source</span
              >`
        }
      </td>
    </tr>`;
  }

  private filterChip() {
    const { layerFilter, layerTypes } = this.state;
    if (layerFilter === '') {
      return nothing;
    }
    const label =
      layerTypes.value?.rows.find(({ key }) => key === layerFilter)?.label ?? layerFilter;
    return html`<span class="chip">
      Only ${label}
      <button @click=${() => this.view.setLayerFilter('')}>clear</button>
    </span>`;
  }

  private changeFactor(event: Event): void {
    const field = event.target as VscodeTextfield;
    const factor = Number(field.value);
    if (field.value.trim() === '') {
      this.view.setFactor(null);
    } else if (Number.isFinite(factor) && factor > 1) {
      this.view.setFactor(factor);
    } else {
      this.view.setNotice('The factor must be a number greater than 1.');
      this.requestUpdate();
    }
  }

  /** Shows the stall in the timeline, its details and, beside the trace, its code. */
  private open(stall: Stall, index: number): void {
    this.focused = index;
    this.view.select({
      kind: 'call',
      call: stall.call,
      startNs: stall.start_ns,
      durationNs: stall.duration_ns,
      merged: 1,
    });
    this.view.showInterval(stall.start_ns, stall.duration_ns);
    if (stall.has_source) {
      void this.view.goToCode(stall.call, 'stall');
    }
  }
}

function countText(list: StallList): string {
  const shown =
    list.found > list.stalls.length
      ? `first ${formatCount(list.stalls.length)} of ${formatCount(list.found)}`
      : formatCount(list.found);
  const kept = formatKept(list.population.rows, list.population.counted);
  return (
    `${shown} ${list.found === 1 ? 'stall' : 'stalls'}, ${formatDuration(list.lost_ns)} lost` +
    (kept === '' ? '' : `; among calls kept: ${kept}`)
  );
}

function stepText(stall: Stall): string {
  const phase = stall.phase === 'unknown' ? '' : stall.phase;
  const step = shortenMiddle(visibleText(stall.step), 28);
  return [step, phase].filter((part) => part !== '').join(', ') || '–';
}
