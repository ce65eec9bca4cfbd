import '@vscode-elements/elements/dist/vscode-badge/index.js';
import '@vscode-elements/elements/dist/vscode-tab-header/index.js';
import '@vscode-elements/elements/dist/vscode-tab-panel/index.js';
import '@vscode-elements/elements/dist/vscode-tabs/index.js';
import { css, html, nothing } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { formatCount } from '../src/analysis/format.js';
import { visibleText } from '../src/analysis/visibleText.js';
import { MOST_RANKS } from '../src/formats/ranks/rankChoice.js';
import type { RankFile } from '../src/trace/index.js';
import './contrast/contrastHeader.js';
import './details/detailsPane.js';
import './layers/layerTable.js';
import './opening/openingView.js';
import './query/queryView.js';
import { baseStyles, toolStyles } from './sharedStyles.js';
import './stalls/stallList.js';
import type { Panel, ViewState } from './state.js';
import './timeline/timelineView.js';
import './unclassified/unclassifiedTable.js';
import { ViewElement } from './viewElement.js';

const PANELS: readonly { readonly id: Panel; readonly label: string }[] = [
  { id: 'layers', label: 'Layers' },
  { id: 'stalls', label: 'Stalls' },
  { id: 'unclassified', label: 'Unclassified' },
  { id: 'query', label: 'Query' },
];
const SPLIT_STEP = 0.04;

/** The page: contrast on top, tables, timeline below, details beside. */
@customElement('layerscope-app')
export class App extends ViewElement {
  static override styles = [
    baseStyles,
    toolStyles,
    css`
      :host {
        display: block;
        height: 100vh;
      }
      .page {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        grid-template-rows: auto minmax(0, 1fr);
        height: 100%;
      }
      .main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        min-height: 0;
      }
      .main.detailed {
        grid-template-columns: minmax(0, 1fr) minmax(260px, 340px);
      }
      .work {
        display: flex;
        flex-direction: column;
        min-height: 0;
        min-width: 0;
      }
      vscode-tabs {
        display: flex;
        flex-direction: column;
        flex: none;
        min-height: 0;
      }
      vscode-tabs,
      vscode-tab-panel {
        --vscode-panel-background: var(--vscode-editor-background);
      }
      vscode-tab-panel {
        flex: 1;
        min-height: 0;
      }
      vscode-badge {
        margin-inline-start: 6px;
      }
      .splitter {
        background: var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
        cursor: row-resize;
        flex: none;
        height: 1px;
        position: relative;
        touch-action: none;
      }
      .splitter::after {
        content: '';
        inset: -4px 0;
        position: absolute;
        z-index: 3;
      }
      .splitter:hover::after,
      .splitter:focus-visible::after {
        background: var(--vscode-sash-hoverBorder, var(--vscode-focusBorder));
        inset: -1px 0;
      }
      .splitter:focus-visible {
        outline: none;
      }
      layerscope-timeline {
        flex: 1;
      }
      layerscope-details {
        border-inline-start: 1px solid
          var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
        min-height: 0;
      }
      .banner {
        align-items: center;
        background: var(--vscode-editorWidget-background);
        border-bottom: 1px solid
          var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        padding: 4px 14px;
      }
      .banner span {
        overflow-wrap: anywhere;
      }
      @media (max-width: 980px) {
        .main.detailed {
          grid-template-columns: minmax(0, 1fr);
          grid-template-rows: minmax(0, 1fr) auto;
        }
        .main.detailed layerscope-details {
          max-height: 35vh;
        }
        /* The table keeps its toolbar, its heading and five rows. */
        vscode-tabs {
          min-height: min(250px, 70%);
        }
        .main.detailed layerscope-details {
          border-inline-start: 0;
          border-top: 1px solid
            var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
        }
      }
    `,
  ];

  @query('.work') private work!: HTMLElement;

  protected parts(s: ViewState): readonly unknown[] {
    return [s.opening, s.panel, s.splits, s.selection !== null, s.notice, s.stalls];
  }

  protected override render() {
    const { opening, panel, selection, stalls, splits } = this.state;
    if (opening.stage !== 'opened') {
      return html`<layerscope-opening .view=${this.view}></layerscope-opening>`;
    }
    const found = stalls.value?.found ?? 0;
    return html`<div class="page">
      <header>
        <layerscope-contrast .view=${this.view}></layerscope-contrast>
        ${this.ranksBanner(opening.summary.run)} ${this.notice()}
      </header>
      <div class="main ${selection === null ? '' : 'detailed'}">
        <main class="work">
          <vscode-tabs
            panel
            .selectedIndex=${PANELS.findIndex(({ id }) => id === panel)}
            selected-index=${PANELS.findIndex(({ id }) => id === panel)}
            @vsc-tabs-select=${(event: CustomEvent<{ selectedIndex: number }>) =>
              this.view.setPanel(PANELS[event.detail.selectedIndex].id)}
          >
            ${PANELS.map(
              ({ id, label }) =>
                html`<vscode-tab-header slot="header"
                  >${label}${
                    id === 'stalls' && found > 0
                      ? html`<vscode-badge variant="counter">${formatCount(found)}</vscode-badge>`
                      : nothing
                  }</vscode-tab-header
                >`,
            )}
            <vscode-tab-panel>
              <layerscope-layers .view=${this.view}></layerscope-layers>
            </vscode-tab-panel>
            <vscode-tab-panel>
              <layerscope-stalls .view=${this.view}></layerscope-stalls>
            </vscode-tab-panel>
            <vscode-tab-panel>
              <layerscope-unclassified .view=${this.view}></layerscope-unclassified>
            </vscode-tab-panel>
            <vscode-tab-panel>
              <layerscope-query .view=${this.view}></layerscope-query>
            </vscode-tab-panel>
          </vscode-tabs>
          <div
            class="splitter"
            role="separator"
            aria-orientation="horizontal"
            aria-label="Height of the panel above the timeline"
            aria-valuemin="12"
            aria-valuemax="85"
            aria-valuenow=${Math.round(splits[panel] * 100)}
            tabindex="0"
            @pointerdown=${(event: PointerEvent) => this.splitStart(event)}
            @pointermove=${(event: PointerEvent) => this.splitMove(event)}
            @keydown=${(event: KeyboardEvent) => this.splitKey(event)}
          ></div>
          <layerscope-timeline .view=${this.view}></layerscope-timeline>
        </main>
        ${
          selection === null
            ? nothing
            : html`<layerscope-details .view=${this.view}></layerscope-details>`
        }
      </div>
    </div>`;
  }

  /** Which ranks of the run are not loaded, and the way to them. */
  private ranksBanner(run: readonly RankFile[]) {
    const others = run.filter((file) => !file.loaded);
    const loaded = run.length - others.length;
    if (others.length === 0) {
      return nothing;
    }
    const names = others
      .slice(0, 4)
      .map(
        ({ label, problem }) =>
          visibleText(label) + (problem === undefined ? '' : ' (cannot be read)'),
      );
    const more = others.some(({ problem }) => problem === undefined);
    const load = (which: 'all' | 'few', text: string) =>
      html`<button
        class="tool bordered"
        @click=${() => this.view.host.tell({ type: 'loadRanks', which })}
      >
        ${text}
      </button>`;
    return html`<div class="banner" role="status" data-testid="more-ranks">
      <span>
        ${formatCount(loaded)} of ${formatCount(run.length)} ranks ${loaded === 1 ? 'is' : 'are'}
        loaded. Not loaded: ${names.join(', ')}${others.length > names.length ? ', …' : ''}
      </span>
      ${
        !more
          ? nothing
          : run.length <= MOST_RANKS
            ? load('all', 'Open all ranks together')
            : loaded === 1
              ? load('few', 'Load the lowest ranks')
              : nothing
      }
      <button class="tool bordered" @click=${() => this.view.host.tell({ type: 'chooseRanks' })}>
        Ranks…
      </button>
    </div>`;
  }

  private notice() {
    const { notice } = this.state;
    return notice === ''
      ? nothing
      : html`<div class="banner" role="status" data-testid="notice">
          <span>${visibleText(notice)}</span>
          <button class="tool" @click=${() => this.view.setNotice('')}>Dismiss</button>
        </div>`;
  }

  private splitStart(event: PointerEvent): void {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  }

  private splitMove(event: PointerEvent): void {
    if ((event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId)) {
      const area = this.work.getBoundingClientRect();
      this.view.setSplit((event.clientY - area.top) / area.height);
    }
  }

  private splitKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowUp' ? -SPLIT_STEP : event.key === 'ArrowDown' ? SPLIT_STEP : 0;
    if (step !== 0) {
      event.preventDefault();
      this.view.setSplit(this.state.splits[this.state.panel] + step);
    }
  }

  protected override updated(): void {
    const tabs = this.renderRoot.querySelector<HTMLElement>('vscode-tabs');
    if (tabs !== null) {
      tabs.style.height = `${this.state.splits[this.state.panel] * 100}%`;
    }
  }
}
