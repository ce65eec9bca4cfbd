import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';

/** A thin bar of a share, beside the figure it repeats. */
@customElement('layerscope-share')
export class ShareBar extends LitElement {
  static override styles = css`
    :host {
      background: color-mix(in srgb, var(--vscode-foreground) 12%, transparent);
      border: 1px solid var(--vscode-contrastBorder, transparent);
      border-radius: 2px;
      display: inline-block;
      height: 7px;
      overflow: hidden;
      vertical-align: middle;
      width: 64px;
    }
    div {
      background: var(--vscode-charts-blue, var(--vscode-progressBar-background));
      height: 100%;
      transform-origin: left;
    }
    @media (forced-colors: active) {
      :host {
        border-color: CanvasText;
      }
      div {
        background: Highlight;
        forced-color-adjust: none;
      }
    }
  `;

  /** 0 to 1 */
  @property({ type: Number }) share = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('aria-hidden', 'true');
  }

  protected override render() {
    return html`<div></div>`;
  }

  protected override updated(): void {
    const bar = this.renderRoot.querySelector('div');
    if (bar !== null) {
      bar.style.width = `${Math.min(1, Math.max(0, this.share)) * 100}%`;
    }
  }
}
