import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { UNCLASSIFIED, isLayerType, layerTypeOf } from '../src/trace/index.js';
import { layerStyle } from './palette.js';
import { onThemeChange, themeKind } from './theme.js';

/** The colour and pattern a layer type has in the timeline. Always beside the type's name. */
@customElement('layerscope-swatch')
export class LayerSwatch extends LitElement {
  static override styles = css`
    :host {
      border: 1px solid var(--swatch-edge, transparent);
      border-radius: 2px;
      display: inline-block;
      flex: none;
      forced-color-adjust: none;
      height: 10px;
      vertical-align: -1px;
      width: 10px;
      background-color: var(--swatch-fill);
    }
    :host([pattern='stripes']) {
      background-image: repeating-linear-gradient(
        135deg,
        transparent 0 2px,
        var(--swatch-ink) 2px 3px
      );
    }
    :host([pattern='dots']) {
      background-image: radial-gradient(var(--swatch-ink) 0.8px, transparent 1px);
      background-size: 4px 4px;
    }
    :host([pattern='cross']) {
      background-image:
        repeating-linear-gradient(135deg, transparent 0 2px, var(--swatch-ink) 2px 3px),
        repeating-linear-gradient(45deg, transparent 0 2px, var(--swatch-ink) 2px 3px);
    }
  `;

  /** key of the layer type */
  @property() type = '';
  @property({ reflect: true }) pattern = 'solid';
  private endTheme: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('aria-hidden', 'true');
    this.endTheme = onThemeChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endTheme?.();
  }

  protected override willUpdate(): void {
    const key = isLayerType(this.type) ? this.type : layerTypeOf(UNCLASSIFIED).key;
    const look = layerStyle(key, themeKind());
    this.pattern = look.pattern;
    this.style.setProperty('--swatch-fill', look.fill);
    this.style.setProperty('--swatch-ink', look.ink);
    this.style.setProperty('--swatch-edge', look.edge === '' ? 'transparent' : look.edge);
  }

  protected override render() {
    return html``;
  }
}
