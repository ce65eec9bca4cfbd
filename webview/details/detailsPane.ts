import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { formatCount, formatDuration, formatMicros } from '../../src/analysis/format.js';
import type { CallDetails } from '../../src/analysis/results.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { METHOD_LABELS, layerTypeOf } from '../../src/trace/index.js';
import { baseStyles, toolStyles } from '../sharedStyles.js';
import type { SelectedSpan, Selection, ViewState } from '../state.js';
import '../swatch.js';
import { formatInstant } from '../timeline/ruler.js';
import { ViewElement } from '../viewElement.js';

/** Everything known of what is selected, and the ways from it to code. */
@customElement('layerscope-details')
export class DetailsPane extends ViewElement {
  static override styles = [
    baseStyles,
    toolStyles,
    css`
      :host {
        background: var(--vscode-sideBar-background, var(--vscode-editor-background));
        display: block;
        overflow: auto;
        padding: 8px 12px 14px;
      }
      header {
        align-items: center;
        display: flex;
        justify-content: space-between;
      }
      .name {
        font-weight: 600;
        margin: 6px 0 4px;
        max-height: 6.5em;
        overflow: auto;
        overflow-wrap: anywhere;
      }
      h3 {
        margin: 14px 0 4px;
      }
      .layer {
        align-items: baseline;
        display: flex;
        gap: 7px;
      }
      dl {
        display: grid;
        gap: 2px 12px;
        grid-template-columns: auto minmax(0, 1fr);
        margin: 0;
      }
      dt {
        color: var(--vscode-descriptionForeground);
      }
      dd {
        font-variant-numeric: tabular-nums;
        margin: 0;
        overflow-wrap: anywhere;
      }
      ol {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        overflow-wrap: anywhere;
        padding: 1px 0;
      }
      .frame {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        width: 100%;
      }
      .go {
        margin-top: 8px;
      }
      .pending {
        opacity: 0.6;
      }
    `,
  ];

  protected parts(state: ViewState): readonly unknown[] {
    return [state.selection, state.details, state.opening];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('role', 'complementary');
    this.setAttribute('aria-label', 'Details of the selection');
  }

  protected override render() {
    const { selection } = this.state;
    if (selection === null) {
      return nothing;
    }
    return html`<header>
        <h2>Details</h2>
        <button class="tool" aria-label="Close details" @click=${() => this.view.select(null)}>
          Close
        </button>
      </header>
      ${this.body(selection)}`;
  }

  private body(selection: Selection) {
    switch (selection.kind) {
      case 'call':
        return this.call(selection);
      case 'span':
        return this.span(selection);
      case 'marker':
        return this.marker(selection.index);
    }
  }

  private call(selection: Extract<Selection, { kind: 'call' }>) {
    const { details } = this.state;
    if (details.error !== '') {
      return html`<p class="error" role="alert">${details.error}</p>`;
    }
    const { value } = details;
    if (value === null) {
      return html`<p class="faint">${details.pending ? 'Reading…' : ''}</p>`;
    }
    return html`<div class=${details.pending ? 'pending' : ''} data-testid="details">
      <div class="name mono">${visibleText(value.name)}</div>
      <div class="layer">
        <layerscope-swatch .type=${value.layer_type}></layerscope-swatch>
        <span
          >${value.layer_label}${value.layer_index < 0 ? '' : `, layer ${value.layer_index}`}</span
        >
      </div>
      <div class="faint">${why(value)}</div>
      ${
        selection.merged > 1
          ? html`<p class="faint">
              The longest of ${formatCount(selection.merged)} calls in one pixel. Zoom in to tell
              them apart.
            </p>`
          : nothing
      }
      <div class="go">
        <button
          class="tool bordered"
          data-testid="go-to-code"
          @click=${() => this.view.goToCode(value.call)}
        >
          Go to layer code
        </button>
        <button
          class="tool"
          @click=${() => this.view.showInterval(selection.startNs, selection.durationNs)}
        >
          Show in timeline
        </button>
      </div>
      <h3>Facts</h3>
      <dl>
        ${value.facts.map(
          (fact) =>
            html`<dt>${visibleText(fact.name)}</dt>
              <dd>${visibleText(fact.value)}</dd>`,
        )}
      </dl>
      ${
        value.modules.length === 0
          ? nothing
          : html`<h3>Modules, outermost first</h3>
              <ol class="mono">
                ${value.modules.map((module) => html`<li>${visibleText(module)}</li>`)}
              </ol>`
      }
      <h3>Stack, innermost first</h3>
      ${value.stack.length === 0 ? html`<p class="faint">No stack in this trace for this call.</p>` : this.stack(value)}
    </div>`;
  }

  private stack(value: CallDetails) {
    return html`<ol class="mono">
      ${value.stack.map((frame) => {
        const place = frame.file === '' ? frame.library : `${frame.file}:${frame.line}`;
        const text = visibleText(`${frame.function || '(no name)'}  ${place}`);
        return html`<li>
          ${
            frame.file === ''
              ? html`<span class="frame faint" title=${text}>${text}</span>`
              : html`<button
                  class="link frame"
                  title=${text}
                  @click=${() => this.view.goToFrame(frame.file, frame.line, frame.function)}
                >
                  ${visibleText(frame.function || '(no name)')}
                  <span class="faint">${visibleText(tailOf(frame.file))}:${frame.line}</span>
                </button>`
          }
        </li>`;
      })}
    </ol>`;
  }

  private span(span: SelectedSpan) {
    const type = layerTypeOf(span.typeCode);
    return html`<div class="name mono">${visibleText(span.text)}</div>
      ${
        span.typeCode === 0
          ? nothing
          : html`<div class="layer">
              <layerscope-swatch .type=${type.key}></layerscope-swatch>
              <span>${type.label}, by most of its time</span>
            </div>`
      }
      <div class="go">
        <button
          class="tool bordered"
          @click=${() => this.view.setWindow({ startNs: span.startNs, endNs: span.startNs + span.durationNs })}
        >
          Decompose this ${span.level}
        </button>
        <button class="tool" @click=${() => this.view.showInterval(span.startNs, span.durationNs)}>
          Show in timeline
        </button>
      </div>
      <h3>Facts</h3>
      <dl>
        <dt>Kind</dt>
        <dd>${span.level}</dd>
        <dt>Start</dt>
        <dd>${formatInstant(span.startNs)}</dd>
        <dt>Duration</dt>
        <dd>${formatDuration(span.durationNs)} (${formatMicros(span.durationNs)} µs)</dd>
        <dt>Lane</dt>
        <dd>${visibleText(span.group)}</dd>
      </dl>`;
  }

  private marker(index: number) {
    const { opening } = this.state;
    const marker = opening.stage === 'opened' ? opening.summary.markers.at(index) : undefined;
    if (marker === undefined) {
      return nothing;
    }
    return html`<div class="name">${visibleText(marker.title)}</div>
      <dl>
        <dt>Severity</dt>
        <dd>${visibleText(marker.severity)}</dd>
        <dt>Time</dt>
        <dd>${formatInstant(marker.time)}</dd>
      </dl>
      <p>${visibleText(marker.text)}</p>
      ${
        marker.advice.length === 0
          ? nothing
          : html`<h3>The recorder advises</h3>
              <ul>
                ${marker.advice.map((advice) => html`<li>${visibleText(advice)}</li>`)}
              </ul>`
      }`;
  }
}

function why(details: CallDetails): string {
  const by = METHOD_LABELS[details.method];
  return details.rule === '' ? `by ${by}` : `by ${by}: ${visibleText(details.rule)}`;
}

/** The last two parts of a path: what tells files of one project apart. */
function tailOf(path: string): string {
  return path.split(/[\\/]/).slice(-2).join('/');
}
