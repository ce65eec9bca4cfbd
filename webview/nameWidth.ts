import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** px an average character of a name takes at the table's size */
const CHARACTER = 6.9;
const LEAST = 12;

/**
 * How many characters of a name fit the column it is in. Names lose their middle, not their end, so
 * CSS alone cannot shorten them. The column's width must not depend on its content.
 */
export class NameWidth implements ReactiveController {
  characters = 48;
  private observed: Element | undefined;
  private readonly observer = new ResizeObserver(() => this.measure());

  constructor(
    private readonly host: ReactiveControllerHost & { readonly renderRoot: ParentNode },
    private readonly selector: string,
    /** px of the cell that are not the name */
    private readonly padding: number,
  ) {
    host.addController(this);
  }

  hostUpdated(): void {
    const cell = this.host.renderRoot.querySelector(this.selector) ?? undefined;
    if (cell !== this.observed) {
      this.observer.disconnect();
      this.observed = cell;
      if (cell !== undefined) {
        this.observer.observe(cell);
      }
    }
  }

  hostDisconnected(): void {
    this.observer.disconnect();
    this.observed = undefined;
  }

  private measure(): void {
    const width = this.observed?.clientWidth ?? 0;
    if (width === 0) {
      return; // the panel is hidden
    }
    const characters = Math.max(LEAST, Math.floor((width - this.padding) / CHARACTER));
    if (characters !== this.characters) {
      this.characters = characters;
      this.host.requestUpdate();
    }
  }
}
