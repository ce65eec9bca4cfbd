import { css, html, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { formatCount, formatDuration, formatMicros } from '../../src/analysis/format.js';
import type { CallDetails } from '../../src/analysis/results.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { METHOD_LABELS, layerTypeOf } from '../../src/trace/index.js';
import { DETAILS_BELOW, MediaQuery } from '../mediaQuery.js';
import { baseStyles, toolStyles } from '../sharedStyles.js';
import type { SelectedCall, SelectedSpan, Selection, ViewState } from '../state.js';
import '../swatch.js';
import { formatInstant } from '../timeline/ruler.js';
import { ViewElement } from '../viewElement.js';
import { whyLayer, whyStyles } from './whyLayer.js';

/** Everything known of what is selected, and the ways from it to code. */
@customElement('layerscope-details')
export class DetailsPane extends ViewElement {
  static override styles = [
    baseStyles,
    toolStyles,
    whyStyles,
    css`
      :host {
        background: var(--vscode-sideBar-background, var(--vscode-editor-background));
        display: block;
        overflow: auto;
        padding: 0 12px 14px;
      }
      .head {
        align-items: center;
        background: inherit;
        display: flex;
        gap: 8px;
        padding-top: 8px;
        position: sticky;
        top: 0;
      }
      .folded {
        flex: 1;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
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
      dl > div {
        display: contents;
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
      @media (max-width: 980px) {
        :host {
          padding-bottom: 8px;
        }
        :host([folded]) {
          padding-bottom: 3px;
        }
        .head {
          padding-top: 3px;
        }
        .fold {
          color: inherit;
          font: inherit;
          letter-spacing: inherit;
          margin-inline-start: -6px;
          text-transform: inherit;
        }
        dl {
          grid-template-columns: repeat(auto-fit, minmax(200px, 1fr));
        }
        dl > div {
          display: grid;
          gap: 8px;
          grid-template-columns: 84px minmax(0, 1fr);
        }
        h3 {
          margin-top: 8px;
        }
        .name {
          margin-top: 2px;
        }
      }
    `,
  ];

  private readonly below = new MediaQuery(this, DETAILS_BELOW);

  protected parts(state: ViewState): readonly unknown[] {
    return [state.selection, state.details, state.explanation, state.detailsFolded, state.opening];
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
    const folded = this.below.matches && this.state.detailsFolded;
    this.toggleAttribute('folded', folded);
    return html`<div class="head">
        <h2>${this.below.matches ? this.foldButton(folded) : 'Details'}</h2>
        <span class="folded mono">${folded ? this.nameOf(selection) : nothing}</span>
        <button class="tool" aria-label="Close details" @click=${() => this.view.select(null)}>
          Close
        </button>
      </div>
      ${folded ? nothing : this.body(selection)}`;
  }

  /** Below the timeline, details fold to one line that still says what is selected. */
  private foldButton(folded: boolean) {
    return html`<button
      class="tool fold"
      aria-expanded=${!folded}
      @click=${() => this.view.foldDetails(!folded)}
    >
      <span aria-hidden="true">${folded ? '▸' : '▾'}</span> Details
    </button>`;
  }

  private nameOf(selection: Selection): string {
    const { opening, details } = this.state;
    switch (selection.kind) {
      case 'call':
        return visibleText(details.value?.name ?? '');
      case 'span':
        return visibleText(selection.text);
      case 'marker':
        return opening.stage === 'opened'
          ? visibleText(opening.summary.markers.at(selection.index)?.title ?? '')
          : '';
    }
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

  private call(selection: SelectedCall) {
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
      <div class="faint">${known(value)}</div>
      ${selectionNotes(selection).map((note) => html`<p class="faint">${note}</p>`)}
      <div class="go">
        <button
          class="tool bordered"
          data-testid="go-to-code"
          @click=${() => this.view.goToCode(value.call)}
        >
          Go to layer code
        </button>
        <button class="tool" @click=${() => this.view.showCall(selection)}>Show in timeline</button>
      </div>
      ${whyLayer(this.state.explanation, (neighbour) =>
        this.view.select({
          kind: 'call',
          call: neighbour.call,
          startNs: neighbour.start_ns,
          durationNs: neighbour.duration_ns,
          merged: 1,
        }),
      )}
      <h3>Facts</h3>
      <dl>
        ${value.facts.map((fact) => factRow(visibleText(fact.name), visibleText(fact.value)))}
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
          Decompose this ${span.value === undefined ? span.level : 'time'}
        </button>
        <button class="tool" @click=${() => this.view.showInterval(span.startNs, span.durationNs)}>
          Show in timeline
        </button>
      </div>
      <h3>Facts</h3>
      <dl>
        ${factRow('Kind', span.level)}
        ${span.value === undefined ? nothing : factRow('Value', span.value)}
        ${factRow('Start', formatInstant(span.startNs))}
        ${factRow(span.value === undefined ? 'Duration' : 'Held for', `${formatDuration(span.durationNs)} (${formatMicros(span.durationNs)} µs)`)}
        ${factRow('Lane', visibleText(span.group))}
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
        ${marker.severity === '' ? nothing : factRow('Severity', visibleText(marker.severity))}
        ${factRow('Time', formatInstant(marker.time))}
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

function factRow(name: string, value: string) {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** How the choice in the timeline led to the call. */
function selectionNotes({ launch, merged }: SelectedCall): readonly string[] {
  return [
    ...(launch === undefined
      ? []
      : [`The first GPU work launched by the API call chosen, ${visibleText(launch.text)}.`]),
    ...(merged > 1
      ? [
          `The longest of ${formatCount(merged)} ${launch === undefined ? 'calls' : 'API calls'} ` +
            `in one pixel${launch === undefined ? '' : ' was chosen'}. Zoom in to tell them apart.`,
        ]
      : []),
  ];
}

/** How the layer is known, in a word; the section below says more. */
function known(details: CallDetails): string {
  return details.layer_type === 'unclassified' ? '' : `by ${METHOD_LABELS[details.method]}`;
}

/** The last two parts of a path: what tells files of one project apart. */
function tailOf(path: string): string {
  return path.split(/[\\/]/).slice(-2).join('/');
}
