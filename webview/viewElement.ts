import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { ViewState } from './state.js';
import type { TraceView } from './traceView.js';

/**
 * A part of the trace editor. It renders from the one state and is rendered again only when one of
 * the parts of state it names has changed: panning the timeline leaves the tables alone.
 */
export abstract class ViewElement extends LitElement {
  @property({ attribute: false }) view!: TraceView;
  private seen: readonly unknown[] = [];
  private unsubscribe: (() => void) | undefined;

  /** The parts of the state this element renders. */
  protected abstract parts(state: ViewState): readonly unknown[];

  protected get state(): ViewState {
    return this.view.state;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.unsubscribe = this.view.store.subscribe((state) => {
      const parts = this.parts(state);
      if (parts.length !== this.seen.length || parts.some((part, i) => part !== this.seen[i])) {
        this.seen = parts;
        this.requestUpdate();
      }
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
  }
}
