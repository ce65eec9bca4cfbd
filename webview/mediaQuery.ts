import type { ReactiveController, ReactiveControllerHost } from 'lit';

/**
 * Widths at which a trace editor stands beside a code editor and not alone: there the header says
 * its figures in one line each, and details lie below the timeline. The same widths stand in the
 * parts' style sheets.
 */
export const HEADER_NARROW = '(max-width: 820px)';
export const DETAILS_BELOW = '(max-width: 980px)';

/** Whether a media query holds; the element renders again when that changes. */
export class MediaQuery implements ReactiveController {
  private readonly list: MediaQueryList;
  private readonly changed = () => this.host.requestUpdate();

  constructor(
    private readonly host: ReactiveControllerHost,
    query: string,
  ) {
    this.list = matchMedia(query);
    host.addController(this);
  }

  get matches(): boolean {
    return this.list.matches;
  }

  hostConnected(): void {
    this.list.addEventListener('change', this.changed);
  }

  hostDisconnected(): void {
    this.list.removeEventListener('change', this.changed);
  }
}
