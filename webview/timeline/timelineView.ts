import { html, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { formatDuration } from '../../src/analysis/format.js';
import type { TimelineRow } from '../../src/analysis/results.js';
import type { TraceSummary } from '../../src/session/session.js';
import { isLayerType, layerTypeCode } from '../../src/trace/index.js';
import { baseStyles, toolStyles } from '../sharedStyles.js';
import type { Selection, ViewState } from '../state.js';
import { onThemeChange } from '../theme.js';
import { ViewElement } from '../viewElement.js';
import { describeBox, sayBox } from './describeBox.js';
import { groupHeading, placeHeadings } from './groupHeading.js';
import { keyHelp } from './keyHelp.js';
import { timelineAction } from './keys.js';
import { LanePainter } from './lanePainter.js';
import { foldedGroups, layOut, rowAt, sameRows, scrolledTo } from './layout.js';
import type { Layout } from './layout.js';
import { markersTemplate, placeMarkers } from './markers.js';
import { drawAxis, placeBand } from './rulerAxis.js';
import { RulerDrag, draggedWindow } from './rulerDrag.js';
import { prepare } from './scene.js';
import type { Prepared } from './scene.js';
import { chosenBox, rowOfSelection, selectedBox, selectionOf } from './selectedBox.js';
import { nextBox, nextRowBox } from './stepping.js';
import { TileLoader } from './tileLoader.js';
import { TimeScale } from './timeScale.js';
import { GUTTER, timelineStyles } from './timelineStyles.js';
import { Tooltip } from './tooltip.js';
import { panBy, reveal, zoomAnchor, zoomAround } from './viewport.js';
import { ZoomInput } from './zoomInput.js';

/** px around the pointer in which a box counts as hit */
const HIT_SLACK = 3;

/** Steps, layers, modules and kernels over time, one lane a stream. */
@customElement('layerscope-timeline')
export class TimelineView extends ViewElement {
  static override styles = [baseStyles, toolStyles, timelineStyles];

  @query('.body') private body!: HTMLElement;
  @query('canvas') private canvas!: HTMLCanvasElement;
  @query('.surface') private surface!: HTMLElement;
  @query('.ruler') private ruler!: HTMLElement;
  @query('.ruler svg') private axis!: SVGSVGElement;
  @query('.ruler .band') private band!: HTMLElement;
  @query('.range') private range!: HTMLElement;

  @state() private rows: readonly TimelineRow[] = [];
  @state() private announcement = '';
  @state() private loadError = '';

  private summary: TraceSummary | undefined;
  private loader: TileLoader | undefined;
  private layout: Layout = { groups: [], height: 0 };
  private painter: LanePainter | undefined;
  private zoomInput: ZoomInput | undefined;
  private tooltip: Tooltip | undefined;
  private readonly drag = new RulerDrag(() => this.scheduleDraw());
  private frame = 0;
  private width = 0;
  private height = 0;
  /** the selection whose row was scrolled into view, or that has none */
  private brought: Selection | null = null;
  private readonly endings: (() => void)[] = [];

  protected parts(s: ViewState): readonly unknown[] {
    return [s.opening, s.folds, s.window, s.selection];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.endings.push(
      this.view.onTimelineFocus(() => this.body.focus()),
      this.view.store.subscribe(() => this.scheduleDraw()),
      onThemeChange(() => {
        this.painter?.themeChanged();
        this.scheduleDraw();
      }),
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endings.splice(0).forEach((end) => end());
    this.loader?.dispose();
    cancelAnimationFrame(this.frame);
  }

  protected override firstUpdated(): void {
    const context = this.canvas.getContext('2d');
    if (context !== null) {
      this.painter = new LanePainter(this.canvas, context);
    }
    const tooltip = this.renderRoot.querySelector<HTMLElement>('.tooltip');
    if (tooltip !== null) {
      this.tooltip = new Tooltip(tooltip, this);
    }
    this.zoomInput = new ZoomInput(this.surface, {
      viewport: () => this.state.viewport,
      spanNs: () => this.view.spanNs,
      plotWidth: () => this.plotWidth,
      setViewport: (viewport) => this.view.setViewport(viewport),
      scrollBy: (pixels) => (this.body.scrollTop += pixels),
      moving: () => this.tooltip?.hide(),
    });
    const resize = new ResizeObserver(() => this.resized());
    resize.observe(this.body);
    this.endings.push(() => resize.disconnect());
    this.resized();
  }

  protected override willUpdate(): void {
    const { opening, folds } = this.state;
    if (opening.stage === 'opened' && opening.summary !== this.summary) {
      this.summary = opening.summary;
      this.loader?.dispose();
      this.loader = new TileLoader(
        (request, signal) => this.view.host.request('tiles', request, signal),
        this.view.spanNs,
        () => this.tilesChanged(),
      );
    }
    this.layout = layOut(this.rows, foldedGroups(this.rows, folds));
  }

  protected override render() {
    return html`<div class="tools">${this.tools()}</div>
      <div
        class="ruler"
        title="Drag to choose a window"
        @pointerdown=${(event: PointerEvent) => this.drag.start(event, this.ruler)}
        @pointermove=${(event: PointerEvent) => this.drag.move(event, this.ruler)}
        @pointerup=${(event: PointerEvent) => this.dragEnd(event)}
        @pointercancel=${() => this.drag.cancel()}
      >
        <svg aria-hidden="true"><g></g></svg>
        <div class="band" hidden></div>
      </div>
      ${markersTemplate(this.summary?.markers ?? [], (index) =>
        this.view.select({ kind: 'marker', index }),
      )}
      <div
        class="body"
        tabindex="0"
        role="application"
        aria-roledescription="timeline"
        aria-label="Timeline of the trace. Arrow keys pan, plus and minus zoom, square brackets step through boxes."
        data-testid="timeline"
        @keydown=${(event: KeyboardEvent) => this.onKey(event)}
        @scroll=${() => this.scheduleDraw()}
      >
        <canvas></canvas>
        <div class="content">
          <div
            class="surface"
            @pointermove=${(event: PointerEvent) => this.hover(event)}
            @pointerleave=${() => this.tooltip?.hide()}
            @click=${(event: MouseEvent) => this.chooseUnder(event)}
            @dblclick=${() => this.showSelection()}
          ></div>
          ${repeat(
            this.layout.groups,
            (group) => group.name,
            (group) => groupHeading(group, () => this.view.setFold(group.name, !group.folded)),
          )}
        </div>
      </div>
      <div class="tooltip" hidden></div>
      <div class="visually-hidden" role="status" aria-live="polite">${this.announcement}</div>`;
  }

  private tools() {
    const { window, selection } = this.state;
    return html`<h2>Timeline</h2>
      <button class="tool bordered" aria-label="Zoom out" @click=${() => this.zoom(1 / 2)}>
        −
      </button>
      <button class="tool bordered" aria-label="Zoom in" @click=${() => this.zoom(2)}>+</button>
      <button class="tool" @click=${() => this.fit()}>Whole trace</button>
      <button class="tool" ?disabled=${selection === null} @click=${() => this.showSelection()}>
        Selection
      </button>
      <button
        class="tool"
        title="Decompose and list stalls of what is in view"
        @click=${() => this.view.setWindow({ ...this.state.viewport })}
      >
        Decompose view
      </button>
      ${
        window === null
          ? nothing
          : html`<span class="chip">
              Window ${formatDuration(window.endNs - window.startNs)}
              <button @click=${() => this.view.setWindow(null)}>clear</button>
            </span>`
      }
      <span class="spring"></span>
      ${this.loadError === '' ? nothing : html`<span class="error" role="alert">${this.loadError}</span>`}
      <span class="faint figure range"></span>
      ${keyHelp}`;
  }

  protected override updated(): void {
    placeHeadings(this.renderRoot.querySelectorAll<HTMLElement>('.heading'));
    const content = this.surface.parentElement;
    if (content !== null) {
      content.style.height = `${this.layout.height + 6}px`;
    }
    this.scheduleDraw();
  }

  // Where things are

  private get plotWidth(): number {
    return Math.max(1, this.width - GUTTER);
  }

  private get scale(): TimeScale {
    return new TimeScale(this.state.viewport, this.plotWidth);
  }

  private resized(): void {
    if (this.selectionIsInView()) {
      // Details that open below the lanes must not cover what they are of.
      this.brought = null;
    }
    this.width = this.body.clientWidth;
    this.height = this.body.clientHeight;
    this.zoomInput?.resize();
    this.scheduleDraw();
  }

  private selectedRow(ready: Prepared | undefined): number {
    const selected = chosenBox(this.state.selection);
    return selected === undefined || ready === undefined ? -1 : rowOfSelection(ready, selected);
  }

  private selectionIsInView(): boolean {
    const { layout, height } = this;
    const { scrollTop } = this.body;
    const row = this.selectedRow(this.ready());
    return row >= 0 && scrolledTo(layout, row, scrollTop, height) === scrollTop;
  }

  // Moving

  /** Scrolls the lanes to what was selected elsewhere, once its box is there. */
  private bringSelection(ready: Prepared): void {
    const { selection } = this.state;
    if (selection === this.brought) {
      return;
    }
    const row = this.selectedRow(ready);
    if (row >= 0) {
      this.body.scrollTop = scrolledTo(this.layout, row, this.body.scrollTop, this.height);
    }
    if (row >= 0 || this.loader?.pending !== true) {
      this.brought = selection;
    }
  }

  private zoom(factor: number): void {
    const { viewport, selection } = this.state;
    const anchor = zoomAnchor(viewport, selectedBox(selection));
    this.view.setViewport(zoomAround(viewport, factor, anchor, this.view.spanNs));
  }

  private fit(): void {
    this.view.setViewport({ startNs: 0, endNs: this.view.spanNs });
  }

  private showSelection(): void {
    const { selection } = this.state;
    if (selection === null) {
      return;
    }
    if (selection.kind === 'marker') {
      const marker = this.summary?.markers.at(selection.index);
      if (marker !== undefined) {
        this.view.setViewport(reveal(this.state.viewport, marker.time, 0, this.view.spanNs));
      }
    } else if (selection.kind === 'call') {
      this.view.showCall(selection);
    } else {
      this.view.showInterval(selection.startNs, selection.durationNs);
    }
  }

  // Keyboard

  private onKey(event: KeyboardEvent): void {
    const action = timelineAction(event);
    // A heading inside has the focus: Enter and Space are its own.
    if (action === undefined || event.composedPath()[0] instanceof HTMLButtonElement) {
      return;
    }
    event.preventDefault();
    const { viewport, selection } = this.state;
    switch (action.type) {
      case 'pan':
        this.view.setViewport(panBy(viewport, action.share, this.view.spanNs));
        break;
      case 'zoom':
        this.zoom(action.factor);
        break;
      case 'fit':
        this.fit();
        break;
      case 'showSelection':
        this.showSelection();
        break;
      case 'clear':
        this.view.select(null);
        break;
      case 'scroll':
        this.body.scrollTop += this.height * action.pages;
        break;
      case 'useAsWindow':
        this.view.setWindow({ ...viewport });
        break;
      case 'goToCode':
        if (selection?.kind === 'call') {
          void this.view.goToCode(selection.call);
        }
        break;
      case 'step':
        this.walk(
          nextBox,
          action.direction,
          action.direction === 1
            ? 'No later box in this row here.'
            : 'No earlier box in this row here.',
        );
        break;
      case 'row':
        this.walk(nextRowBox, action.direction, 'No further row with boxes here.');
        break;
    }
  }

  /** Goes on to another box by keyboard: selects it, brings it into view and says it. */
  private walk(to: typeof nextBox, direction: 1 | -1, atTheEnd: string): void {
    const ready = this.ready();
    if (ready === undefined) {
      return;
    }
    const { layout } = this;
    const { viewport, selection } = this.state;
    const box = to({ ready, layout, viewport, selection }, direction);
    if (box < 0) {
      this.announcement = atTheEnd;
      return;
    }
    const { tiles } = ready;
    this.view.select(selectionOf(tiles, box));
    this.announcement = sayBox(tiles, box);
    this.view.setViewport(
      reveal(viewport, tiles.start[box], tiles.duration[box], this.view.spanNs),
    );
    this.body.scrollTop = scrolledTo(layout, tiles.row[box], this.body.scrollTop, this.height);
  }

  // Pointer

  private boxUnder(event: MouseEvent): { ready: Prepared; box: number } | undefined {
    const ready = this.ready();
    const area = this.surface.getBoundingClientRect();
    const row = rowAt(this.layout, event.clientY - area.top);
    if (ready === undefined || row === undefined) {
      return undefined;
    }
    const { scale } = this;
    const ns = scale.timeAt(event.clientX - area.left);
    const box = ready.index.at(row.row, ns, HIT_SLACK / scale.pixelsPerNs);
    return box < 0 ? undefined : { ready, box };
  }

  private chooseUnder(event: MouseEvent): void {
    const hit = this.boxUnder(event);
    const selection = hit === undefined ? null : selectionOf(hit.ready.tiles, hit.box);
    this.view.select(selection);
    // A box that stands for several calls has no one line of code.
    if (selection?.kind === 'call' && selection.merged === 1) {
      void this.view.goToCode(selection.call, 'slice');
    }
  }

  private hover(event: PointerEvent): void {
    if (event.buttons !== 0) {
      return;
    }
    const hit = this.boxUnder(event);
    if (hit === undefined) {
      this.tooltip?.hide();
    } else {
      this.tooltip?.show(describeBox(hit.ready.tiles, hit.box), event);
    }
  }

  private dragEnd(event: PointerEvent): void {
    const dragged = this.drag.end(event, this.ruler);
    const window =
      dragged === undefined ? undefined : draggedWindow(dragged, this.scale, this.view.spanNs);
    if (window !== undefined) {
      this.view.setWindow(window);
    }
  }

  // Drawing

  private tilesChanged(): void {
    this.loadError = this.loader?.error ?? '';
    this.scheduleDraw();
  }

  private ready(): Prepared | undefined {
    const tiles = this.loader?.best(this.state.viewport, this.plotWidth);
    return tiles === undefined ? undefined : prepare(tiles);
  }

  private scheduleDraw(): void {
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  private draw(): void {
    if (this.painter === undefined || this.width < 1 || this.height < 1) {
      return;
    }
    const { viewport, window, selection, layerFilter } = this.state;
    const { scale, layout, rows, width, height } = this;
    this.loader?.want(viewport, this.plotWidth);
    this.zoomInput?.follow();
    this.drawRuler(scale);
    const ready = this.ready();
    // Boxes of other rows wait for the layout, which follows in the next update: now they would be
    // drawn in the wrong places.
    const fits = ready === undefined || sameRows(rows, ready.tiles.rows);
    if (ready !== undefined && fits) {
      this.bringSelection(ready);
    }
    this.painter.paint({
      scale,
      width,
      height,
      scrollTop: this.body.scrollTop,
      layout,
      rows,
      ready: fits ? ready : undefined,
      whole: this.loader?.whole(),
      window,
      selection,
      typeCode: isLayerType(layerFilter) ? layerTypeCode(layerFilter) : -1,
    });
    if (!fits) {
      this.rows = ready.tiles.rows;
    }
    placeMarkers(
      this.renderRoot.querySelectorAll<HTMLElement>('.marker'),
      this.summary?.markers ?? [],
      scale,
    );
  }

  private drawRuler(scale: TimeScale): void {
    const { viewport, window } = this.state;
    drawAxis(this.axis, scale);
    this.range.textContent = `${formatDuration(viewport.endNs - viewport.startNs)} in view`;
    const chosen = this.drag.current ?? (window === null ? undefined : scale.pixelsOf(window));
    placeBand(this.band, chosen, scale.width);
  }
}
