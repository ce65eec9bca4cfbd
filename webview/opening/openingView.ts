import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { ifDefined } from 'lit/directives/if-defined.js';
import { formatShare } from '../../src/analysis/format.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { baseStyles } from '../sharedStyles.js';
import type { ViewState } from '../state.js';
import { ViewElement } from '../viewElement.js';

/** Stands while a trace is being opened, and says why where it cannot be. */
@customElement('layerscope-opening')
export class OpeningView extends ViewElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: block;
        margin: 12vh auto 0;
        max-width: 620px;
        padding: 0 20px;
      }
      h1 {
        font-size: 20px;
        font-weight: 600;
        margin: 0 0 12px;
        overflow-wrap: anywhere;
      }
      .stage {
        display: flex;
        justify-content: space-between;
        margin-bottom: 6px;
      }
      vscode-progress-bar {
        margin-bottom: 16px;
      }
      @media (prefers-reduced-motion: reduce) {
        vscode-progress-bar::part(indicator) {
          animation: none;
        }
      }
      .sentence {
        font-size: 14px;
        overflow-wrap: anywhere;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 16px;
      }
      .tables {
        max-height: 160px;
        overflow: auto;
      }
    `,
  ];

  protected parts(state: ViewState): readonly unknown[] {
    return [state.opening];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('role', 'main');
  }

  protected override render() {
    const { opening } = this.state;
    switch (opening.stage) {
      case 'opening': {
        const { stage, fraction } = opening.progress;
        return html`<h1>
            ${opening.name === '' ? 'Opening' : `Opening ${visibleText(opening.name)}`}
          </h1>
          <div class="stage" role="status">
            <span>${visibleText(stage)}</span>
            ${fraction === undefined ? nothing : html`<span class="figure faint">${formatShare(Math.floor(fraction * 100) / 100)}</span>`}
          </div>
          <vscode-progress-bar
            aria-label="Progress of opening"
            value=${ifDefined(fraction === undefined ? undefined : Math.round(fraction * 100))}
            ?indeterminate=${fraction === undefined}
          ></vscode-progress-bar>
          <vscode-button secondary @click=${() => this.view.host.tell({ type: 'cancelOpen' })}>
            Cancel
          </vscode-button>`;
      }
      case 'failed':
        return html`<h1>This file did not open as a GPU trace</h1>
          <p class="sentence" role="alert" data-testid="open-error">
            ${visibleText(opening.sentence)}
          </p>
          ${opening.looksLike === '' || opening.sentence.includes(opening.looksLike) ? nothing : html`<p>It looks like ${visibleText(opening.looksLike)}.</p>`}
          ${
            opening.tables.length === 0
              ? nothing
              : html`<h2>Its tables</h2>
                  <p class="tables mono">${opening.tables.map(visibleText).join(', ')}</p>`
          }
          <div class="buttons">
            ${
              opening.unpacksLarge
                ? html`<vscode-button @click=${() => this.view.host.tell({ type: 'openAnyway' })}
                    >Open anyway</vscode-button
                  >`
                : html`<vscode-button @click=${() => this.view.host.tell({ type: 'retry' })}
                    >Try again</vscode-button
                  >`
            }
            <vscode-button secondary @click=${() => this.view.host.tell({ type: 'openWith' })}>
              Open with another editor
            </vscode-button>
            <vscode-button secondary @click=${() => this.view.host.tell({ type: 'neverHere' })}>
              Never open such files here
            </vscode-button>
          </div>`;
      case 'opened':
        return nothing;
    }
  }
}
