import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/index.js';
import { css, html, nothing } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { formatCount, formatCountOf, formatDuration } from '../../src/analysis/format.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import type { QueryResult } from '../../src/session/session.js';
import { baseStyles, paneStyles, toolStyles } from '../sharedStyles.js';
import type { ViewState } from '../state.js';
import { ViewElement } from '../viewElement.js';
import './resultTable.js';
import { resultCsv, resultTsv } from './resultText.js';

/** SQL over the trace: a box, saved queries, the result. */
@customElement('layerscope-query')
export class QueryView extends ViewElement {
  static override styles = [
    baseStyles,
    toolStyles,
    paneStyles,
    css`
      :host {
        overflow-y: auto;
      }
      .saved {
        width: 220px;
      }
      textarea {
        background: var(--vscode-input-background);
        border: 1px solid var(--vscode-input-border, var(--vscode-contrastBorder, transparent));
        border-radius: 3px;
        color: var(--vscode-input-foreground);
        /* In a low pane the box gives way to the rows of its result, down to two lines. */
        flex: 0 1 auto;
        height: 104px;
        margin: 8px 10px 0;
        max-height: 60%;
        min-height: 44px;
        padding: 5px 7px;
        resize: vertical;
        tab-size: 2;
        white-space: pre;
      }
      textarea:focus {
        outline: 1px solid var(--vscode-focusBorder);
        outline-offset: -1px;
      }
      .said {
        margin: 0 10px 6px;
      }
      layerscope-result {
        flex: 1;
        min-height: 96px;
      }
      .stale {
        opacity: 0.6;
      }
    `,
  ];

  @state() private description = '';

  protected parts(s: ViewState): readonly unknown[] {
    return [s.sql, s.query, s.savedQueries];
  }

  protected override render() {
    const { sql, query, savedQueries } = this.state;
    const { value } = query;
    return html`<textarea
        class="mono"
        aria-label="SQL over this trace"
        spellcheck="false"
        autocapitalize="off"
        autocomplete="off"
        data-testid="sql"
        .value=${sql}
        @input=${(event: Event) => this.view.setSql((event.target as HTMLTextAreaElement).value)}
        @keydown=${(event: KeyboardEvent) => this.onKey(event)}
      ></textarea>
      <div class="tools">
        ${
          query.pending
            ? html`<vscode-button secondary @click=${() => this.view.cancelQuery()}
                >Cancel</vscode-button
              >`
            : html`<vscode-button
                title="Ctrl+Enter or Cmd+Enter"
                data-testid="run-query"
                @click=${() => this.view.runQuery()}
              >
                Run
              </vscode-button>`
        }
        ${
          savedQueries.length === 0
            ? nothing
            : html`<vscode-single-select
                class="saved"
                label="Saved queries"
                @change=${(event: Event) => this.choose(event)}
              >
                <vscode-option value="">Saved queries…</vscode-option>
                ${savedQueries.map(
                  (saved, i) =>
                    html`<vscode-option value=${String(i)}
                      >${visibleText(saved.title)}</vscode-option
                    >`,
                )}
              </vscode-single-select>`
        }
        <span class="faint figure" role="status" data-testid="query-status">${this.status()}</span>
        <span class="spring"></span>
        ${
          value === null || value.columns.length === 0
            ? nothing
            : html`<button class="tool" @click=${() => this.copy(value)}>Copy</button>
                <button class="tool" @click=${() => this.view.save('query.csv', resultCsv(value))}>
                  Export CSV
                </button>`
        }
      </div>
      ${this.description === '' ? nothing : html`<p class="said faint">${visibleText(this.description)}</p>`}
      ${query.error === '' ? nothing : html`<p class="said error" role="alert" data-testid="query-error">${visibleText(query.error)}</p>`}
      ${
        value === null
          ? nothing
          : html`<layerscope-result
              class=${query.pending || query.error !== '' ? 'stale' : ''}
              .result=${value}
            ></layerscope-result>`
      }`;
  }

  private status(): string {
    const { value, pending } = this.state.query;
    if (pending) {
      return 'Running…';
    }
    if (value === null) {
      return '';
    }
    const rows = formatCountOf(value.rows.length, 'row');
    const more = value.truncated ? ', more exist: add a LIMIT or a WHERE' : '';
    return `${value.truncated ? 'first ' : ''}${rows}, ${formatDuration(value.elapsedMs * 1e6)}${more}`;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void this.view.runQuery();
    }
  }

  private choose(event: Event): void {
    const select = event.target as VscodeSingleSelect;
    const saved =
      select.value === '' ? undefined : this.state.savedQueries.at(Number(select.value));
    this.description = saved?.description ?? '';
    if (saved !== undefined) {
      this.view.setSql(saved.sql);
    }
  }

  private copy(result: QueryResult): void {
    void this.view.copy(resultTsv(result), `${formatCount(result.rows.length)} rows`);
  }
}
