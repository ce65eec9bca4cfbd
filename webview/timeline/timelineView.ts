import { axisBottom } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import type { D3ZoomEvent } from 'd3-zoom';
import { html, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { formatDuration, formatShare } from '../../src/analysis/format.js';
import type { TileSet, TimelineRow } from '../../src/analysis/results.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import type { TraceSummary } from '../../src/session/session.js';
import { isLayerType, layerTypeCode } from '../../src/trace/index.js';
import { BoxRenderer } from '../boxes/boxRenderer.js';
import type { BoxRow, BoxStyle } from '../boxes/boxRenderer.js';
import { baseStyles, toolStyles } from '../sharedStyles.js';
import type { Selection, ViewState } from '../state.js';
import { onThemeChange, readTheme } from '../theme.js';
import type { CanvasTheme } from '../theme.js';
import { ViewElement } from '../viewElement.js';
import { describeBox, sayBox } from './describeBox.js';
import { timelineAction } from './keys.js';
import { HEADING_HEIGHT, ROW_HEIGHT, layOut, neighbourRow, rowAt, sameRows } from './layout.js';
import type { Layout } from './layout.js';
import { timeTicks } from './ruler.js';
import { dimming, prepare, sceneStyles } from './scene.js';
import type { Prepared } from './scene.js';
import { TileLoader } from './tileLoader.js';
import { contains } from './tileWindow.js';
import { GUTTER, timelineStyles } from './timelineStyles.js';
import { MIN_VIEW_NS, fromTransform, panBy, reveal, toTransform, zoomAround } from './viewport.js';

/** px around the pointer in which a box counts as hit */
const HIT_SLACK = 3;
/** px of a drag on the ruler from which it chooses a window */
const LEAST_DRAG = 4;
/** markers drawn; a trace with more says how many it has in its details */
const MOST_MARKERS = 400;

const KEYS: readonly (readonly [string, string])[] = [
  ['A D, Left Right', 'pan (Shift: finer)'],
  ['W S, + −', 'zoom'],
  ['0, Home', 'whole trace'],
  ['[ ]', 'previous, next box of the row'],
  ['Up Down', 'row above, below'],
  ['Page Up, Page Down', 'scroll the lanes'],
  ['F', 'zoom to the selection'],
  ['M', 'decompose what is in view'],
  ['Enter', 'go to the code of the selection'],
  ['Escape', 'clear the selection'],
  ['Wheel', 'zoom at the pointer'],
  ['Shift+wheel', 'pan'],
  ['Alt+wheel', 'scroll the lanes'],
  ['Drag on the ruler', 'choose a window'],
];

/** Steps, layers, modules and kernels over time, one lane a stream. */
@customElement('layerscope-timeline')
export class TimelineView extends ViewElement {
  static override styles = [baseStyles, toolStyles, timelineStyles];

  @query('.body') private body!: HTMLElement;
  @query('canvas') private canvas!: HTMLCanvasElement;
  @query('.surface') private surface!: HTMLElement;
  @query('.ruler') private ruler!: HTMLElement;
  @query('.ruler svg') private axis!: SVGSVGElement;
  @query('.tooltip') private tooltip!: HTMLElement;

  @state() private rows: readonly TimelineRow[] = [];
  @state() private announcement = '';
  @state() private loadError = '';
  /** px of a drag on the ruler under way */
  @state() private drag: { from: number; to: number } | undefined;

  private summary: TraceSummary | undefined;
  private loader: TileLoader | undefined;
  private layout: Layout = { groups: [], height: 0 };
  private renderer: BoxRenderer | undefined;
  private theme: CanvasTheme | undefined;
  private styles: readonly BoxStyle[] = [];
  private frame = 0;
  private width = 0;
  private height = 0;
  private syncing = false;
  private readonly endings: (() => void)[] = [];

  private readonly zoomBehaviour = zoom<HTMLElement, unknown>()
    .filter((event: WheelEvent | MouseEvent) => {
      if (event.type === 'wheel') {
        return !event.shiftKey && !event.altKey && !isSideways(event as WheelEvent);
      }
      return event.button === 0 || event.type.startsWith('touch');
    })
    .clickDistance(LEAST_DRAG)
    .on('start', (event: D3ZoomEvent<HTMLElement, unknown>) => {
      if (event.sourceEvent instanceof MouseEvent && event.sourceEvent.type === 'mousedown') {
        this.surface.classList.add('dragging');
        this.hideTooltip();
      }
    })
    .on('zoom', (event: D3ZoomEvent<HTMLElement, unknown>) => this.zoomed(event))
    .on('end', () => this.surface.classList.remove('dragging'));

  protected parts(s: ViewState): readonly unknown[] {
    return [s.opening, s.folded, s.window, s.selection];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.endings.push(
      this.view.onTimelineFocus(() => this.body.focus()),
      this.view.store.subscribe(() => this.scheduleDraw()),
      onThemeChange(() => {
        this.theme = undefined;
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
      this.renderer = new BoxRenderer(context);
    }
    const selection = select<HTMLElement, unknown>(this.surface);
    selection.call(this.zoomBehaviour).on('dblclick.zoom', null);
    const resize = new ResizeObserver(() => this.resized());
    resize.observe(this.body);
    this.endings.push(() => resize.disconnect());
    this.surface.addEventListener('wheel', (event) => this.panByWheel(event), { passive: false });
    this.resized();
  }

  protected override willUpdate(): void {
    const { opening, folded } = this.state;
    if (opening.stage === 'opened' && opening.summary !== this.summary) {
      this.summary = opening.summary;
      this.loader?.dispose();
      this.loader = new TileLoader(
        (request, signal) => this.view.host.request('tiles', request, signal),
        this.view.spanNs,
        () => this.tilesChanged(),
      );
    }
    this.layout = layOut(this.rows, folded);
  }

  protected override render() {
    const { window, viewport, selection } = this.state;
    const markers = this.summary?.markers.slice(0, MOST_MARKERS) ?? [];
    return html`<div class="tools">
        <h2>Timeline</h2>
        <button class="tool bordered" aria-label="Zoom out" @click=${() => this.zoomMiddle(1 / 2)}>
          −
        </button>
        <button class="tool bordered" aria-label="Zoom in" @click=${() => this.zoomMiddle(2)}>
          +
        </button>
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
        <span class="faint figure range" data-start=${viewport.startNs}></span>
        <button class="tool" popovertarget="keys">Keys</button>
        <div id="keys" class="keys" popover>
          <dl>
            ${KEYS.map(
              ([key, what]) =>
                html`<dt>${key}</dt>
                  <dd>${what}</dd>`,
            )}
          </dl>
        </div>
      </div>
      <div
        class="ruler"
        title="Drag to choose a window"
        @pointerdown=${(event: PointerEvent) => this.dragStart(event)}
        @pointermove=${(event: PointerEvent) => this.dragMove(event)}
        @pointerup=${(event: PointerEvent) => this.dragEnd(event)}
        @pointercancel=${() => (this.drag = undefined)}
      >
        <svg aria-hidden="true"><g></g></svg>
        <div class="band" hidden></div>
      </div>
      ${
        markers.length === 0
          ? nothing
          : html`<div class="markers" role="group" aria-label="What the recorder found">
              ${markers.map(
                (marker, index) =>
                  html`<button
                    class="marker"
                    title=${visibleText(`${marker.severity}: ${marker.title}`)}
                    @click=${() => this.view.select({ kind: 'marker', index })}
                  >
                    ${visibleText(marker.title)}
                  </button>`,
              )}
            </div>`
      }
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
            @pointerleave=${() => this.hideTooltip()}
            @click=${(event: MouseEvent) => this.chooseUnder(event)}
            @dblclick=${() => this.showSelection()}
          ></div>
          ${repeat(
            this.layout.groups,
            (group) => group.name,
            (group) =>
              html`<button
                class="heading"
                aria-expanded=${!group.folded}
                data-y=${group.y}
                @click=${() => this.view.toggleFold(group.name)}
              >
                <span class="twistie" aria-hidden="true">${group.folded ? '▸' : '▾'}</span>
                <span class="label">${visibleText(group.name)}</span>
                <span class="faint figure">${headingNote(group)}</span>
              </button>`,
          )}
        </div>
      </div>
      <div class="tooltip" hidden></div>
      <div class="visually-hidden" role="status" aria-live="polite">${this.announcement}</div>`;
  }

  protected override updated(): void {
    this.renderRoot.querySelectorAll<HTMLElement>('.heading').forEach((heading) => {
      heading.style.top = `${heading.dataset['y']}px`;
    });
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

  private get pixelsPerNs(): number {
    const { viewport } = this.state;
    return this.plotWidth / (viewport.endNs - viewport.startNs);
  }

  private timeAt(plotX: number): number {
    return this.state.viewport.startNs + plotX / this.pixelsPerNs;
  }

  private xOf(ns: number): number {
    return (ns - this.state.viewport.startNs) * this.pixelsPerNs;
  }

  private resized(): void {
    this.width = this.body.clientWidth;
    this.height = this.body.clientHeight;
    this.zoomBehaviour
      .extent([
        [0, 0],
        [this.plotWidth, 1],
      ])
      .translateExtent([
        [0, -Infinity],
        [this.plotWidth, Infinity],
      ])
      .scaleExtent([1, Math.max(1, this.view.spanNs / MIN_VIEW_NS)]);
    this.scheduleDraw();
  }

  // Moving

  private zoomed(event: D3ZoomEvent<HTMLElement, unknown>): void {
    if (this.syncing) {
      return;
    }
    const source: unknown = event.sourceEvent;
    if (source instanceof MouseEvent && source.type === 'mousemove') {
      this.body.scrollTop -= source.movementY;
    }
    this.hideTooltip();
    this.view.setViewport(fromTransform(event.transform, this.view.spanNs, this.plotWidth));
  }

  /** Tells d3-zoom where the view is after something else moved it. */
  private syncZoom(): void {
    this.syncing = true;
    const { k, x } = toTransform(this.state.viewport, this.view.spanNs, this.plotWidth);
    this.zoomBehaviour
      .scaleExtent([1, Math.max(1, this.view.spanNs / MIN_VIEW_NS)])
      .transform(select<HTMLElement, unknown>(this.surface), zoomIdentity.translate(x, 0).scale(k));
    this.syncing = false;
  }

  private panByWheel(event: WheelEvent): void {
    if (event.altKey || (!event.shiftKey && !isSideways(event))) {
      return;
    }
    event.preventDefault();
    const delta = event.deltaX === 0 ? event.deltaY : event.deltaX;
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? delta * 20 : delta;
    this.view.setViewport(panBy(this.state.viewport, pixels / this.plotWidth, this.view.spanNs));
  }

  private zoomMiddle(factor: number): void {
    const { viewport, selection } = this.state;
    const middle = (viewport.startNs + viewport.endNs) / 2;
    const chosen = selection === null || selection.kind === 'marker' ? undefined : selection;
    const inView =
      chosen !== undefined &&
      chosen.startNs + chosen.durationNs > viewport.startNs &&
      chosen.startNs < viewport.endNs;
    const anchor = inView ? chosen.startNs + chosen.durationNs / 2 : middle;
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
        this.zoomMiddle(action.factor);
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
        this.step(action.direction);
        break;
      case 'row':
        this.changeRow(action.direction);
        break;
    }
  }

  private step(direction: 1 | -1): void {
    const ready = this.ready();
    if (ready === undefined) {
      return;
    }
    const cursor = this.keyboardAt(ready);
    const box =
      cursor === undefined
        ? this.firstBox(ready, direction)
        : ready.index.step(cursor.row, cursor.ns, direction);
    if (box < 0) {
      this.announcement =
        direction === 1 ? 'No later box in this row here.' : 'No earlier box in this row here.';
      return;
    }
    this.choose(ready, box);
  }

  private changeRow(direction: 1 | -1): void {
    const ready = this.ready();
    if (ready === undefined) {
      return;
    }
    const { viewport } = this.state;
    const width = viewport.endNs - viewport.startNs;
    const cursor = this.keyboardAt(ready);
    if (cursor === undefined) {
      const box = this.firstBox(ready, 1);
      if (box >= 0) {
        this.choose(ready, box);
      }
      return;
    }
    // Rows without a box near are passed over, until the last one.
    for (let row = cursor.row; ;) {
      const next = neighbourRow(this.layout, row, direction);
      if (next === row) {
        this.announcement = 'No further row with boxes here.';
        return;
      }
      row = next;
      const box = ready.index.at(row, cursor.ns, width);
      if (box >= 0) {
        this.choose(ready, box);
        return;
      }
    }
  }

  /** Where the keyboard is: at the selection, if that is drawn and near; else nowhere yet. */
  private keyboardAt(ready: Prepared): { row: number; ns: number } | undefined {
    const { selection, viewport } = this.state;
    if (selection === null || selection.kind === 'marker') {
      return undefined;
    }
    const row = this.rowOfSelection(ready, selection);
    const width = viewport.endNs - viewport.startNs;
    const near =
      selection.startNs < viewport.endNs + width &&
      selection.startNs + selection.durationNs > viewport.startNs - width;
    return row >= 0 && near ? { row, ns: selection.startNs } : undefined;
  }

  /** The first (or last) box in view, of a row of calls where there is one; -1 = none. */
  private firstBox(ready: Prepared, direction: 1 | -1): number {
    const { viewport } = this.state;
    const { tiles, index } = ready;
    let fallback = -1;
    for (const { row } of this.layout.groups.flatMap((group) => group.rows)) {
      const { from, to } = index.overlapping(row, viewport.startNs, viewport.endNs);
      if (to > from) {
        const box = index.order[direction === 1 ? from : to - 1];
        if (tiles.call[box] >= 0) {
          return box;
        }
        fallback = fallback < 0 ? box : fallback;
      }
    }
    return fallback;
  }

  /** Selects a box by keyboard: brings it into view and says it. */
  private choose(ready: Prepared, box: number): void {
    const { tiles } = ready;
    this.selectBox(tiles, box);
    this.announcement = sayBox(tiles, box);
    this.view.setViewport(
      reveal(this.state.viewport, tiles.start[box], tiles.duration[box], this.view.spanNs),
    );
    this.scrollToRow(tiles.row[box]);
  }

  private scrollToRow(row: number): void {
    for (const group of this.layout.groups) {
      const placed = group.rows.find((candidate) => candidate.row === row);
      if (placed !== undefined) {
        const top = placed.y - HEADING_HEIGHT;
        const bottom = placed.y + ROW_HEIGHT;
        if (top < this.body.scrollTop) {
          this.body.scrollTop = top;
        } else if (bottom > this.body.scrollTop + this.height) {
          this.body.scrollTop = bottom - this.height;
        }
      }
    }
  }

  // Pointer

  private boxUnder(event: MouseEvent): { ready: Prepared; box: number } | undefined {
    const ready = this.ready();
    const area = this.surface.getBoundingClientRect();
    const row = rowAt(this.layout, event.clientY - area.top);
    if (ready === undefined || row === undefined) {
      return undefined;
    }
    const ns = this.timeAt(event.clientX - area.left);
    const box = ready.index.at(row.row, ns, HIT_SLACK / this.pixelsPerNs);
    return box < 0 ? undefined : { ready, box };
  }

  private chooseUnder(event: MouseEvent): void {
    const hit = this.boxUnder(event);
    if (hit === undefined) {
      this.view.select(null);
    } else {
      this.selectBox(hit.ready.tiles, hit.box);
    }
  }

  private selectBox(tiles: TileSet, box: number): void {
    const row = tiles.row[box];
    const startNs = tiles.start[box];
    const durationNs = tiles.duration[box];
    const selection: Selection =
      tiles.call[box] >= 0
        ? { kind: 'call', call: tiles.call[box], startNs, durationNs, merged: tiles.calls[box] }
        : {
            kind: 'span',
            text: tiles.texts[tiles.text[box]],
            level: tiles.rows[row].level,
            group: tiles.rows[row].group,
            startNs,
            durationNs,
            typeCode: tiles.type[box],
          };
    this.view.select(selection);
  }

  private hover(event: PointerEvent): void {
    if (event.buttons !== 0) {
      return;
    }
    const hit = this.boxUnder(event);
    if (hit === undefined) {
      this.hideTooltip();
      return;
    }
    const words = describeBox(hit.ready.tiles, hit.box);
    const name = document.createElement('b');
    name.textContent = words.name;
    const lines = [
      [words.duration, words.layer].filter((part) => part !== '').join(' · '),
      words.start,
      words.merged,
    ]
      .filter((line) => line !== '')
      .map((line) => {
        const part = document.createElement('div');
        part.textContent = line;
        return part;
      });
    const { tooltip } = this;
    tooltip.replaceChildren(name, ...lines);
    tooltip.hidden = false;
    const area = this.getBoundingClientRect();
    const x = Math.min(event.clientX - area.left + 12, area.width - tooltip.offsetWidth - 4);
    const below = event.clientY - area.top + 16;
    const y =
      below + tooltip.offsetHeight > area.height
        ? event.clientY - area.top - tooltip.offsetHeight - 8
        : below;
    tooltip.style.transform = `translate(${Math.max(0, x)}px, ${y}px)`;
  }

  private hideTooltip(): void {
    this.tooltip.hidden = true;
  }

  // The window on the ruler

  private dragStart(event: PointerEvent): void {
    if (event.button === 0) {
      const x = event.clientX - this.ruler.getBoundingClientRect().left;
      this.drag = { from: x, to: x };
      this.ruler.setPointerCapture(event.pointerId);
    }
  }

  private dragMove(event: PointerEvent): void {
    if (this.drag !== undefined) {
      const area = this.ruler.getBoundingClientRect();
      const x = Math.min(area.width, Math.max(0, event.clientX - area.left));
      this.drag = { ...this.drag, to: x };
    }
  }

  private dragEnd(event: PointerEvent): void {
    this.dragMove(event);
    const { drag } = this;
    this.drag = undefined;
    if (drag !== undefined && Math.abs(drag.to - drag.from) >= LEAST_DRAG) {
      this.view.setWindow({
        startNs: Math.max(0, this.timeAt(Math.min(drag.from, drag.to))),
        endNs: Math.min(this.view.spanNs, this.timeAt(Math.max(drag.from, drag.to))),
      });
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
    const context = this.canvas.getContext('2d');
    if (context === null || this.renderer === undefined || this.width < 1 || this.height < 1) {
      return;
    }
    const { viewport } = this.state;
    this.loader?.want(viewport, this.plotWidth);
    this.syncZoom();
    const theme = this.sizeCanvas(this.renderer);
    context.fillStyle = theme.ground;
    context.fillRect(0, 0, this.width, this.height);
    this.drawRuler(context, theme);
    const ready = this.ready();
    if (ready !== undefined) {
      if (!sameRows(this.rows, ready.tiles.rows)) {
        // The layout follows in the next update; this picture would be drawn in the wrong places.
        this.rows = ready.tiles.rows;
        return;
      }
      this.drawSelectionColumn(context, theme);
      this.drawTiles(context, this.renderer, theme, ready);
    }
    this.drawGutter(context, theme);
    this.placeMarkers();
  }

  private sizeCanvas(renderer: BoxRenderer): CanvasTheme {
    const ratio = window.devicePixelRatio;
    const width = Math.round(this.width * ratio);
    const height = Math.round(this.height * ratio);
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${this.width}px`;
      canvas.style.height = `${this.height}px`;
      this.theme = undefined;
    }
    canvas.getContext('2d')?.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.theme === undefined) {
      this.theme = readTheme();
      this.styles = sceneStyles(this.theme.kind);
      renderer.reset(this.theme.font);
    }
    return this.theme;
  }

  private drawRuler(context: CanvasRenderingContext2D, theme: CanvasTheme): void {
    const { viewport, window } = this.state;
    const ticks = timeTicks(viewport, this.plotWidth);
    const scale = scaleLinear()
      .domain([viewport.startNs, viewport.endNs])
      .range([0, this.plotWidth]);
    const axis = axisBottom<number>(scale)
      .tickValues(ticks.values.filter((tick) => this.xOf(tick) < this.plotWidth - 24))
      .tickFormat((ns) => ticks.label(ns))
      .tickSize(5)
      .tickPadding(2);
    select(this.axis).select<SVGGElement>('g').call(axis);
    context.globalAlpha = 0.13;
    context.fillStyle = theme.text;
    for (const tick of ticks.values) {
      context.fillRect(Math.round(GUTTER + this.xOf(tick)), 0, 1, this.height);
    }
    context.globalAlpha = 1;
    const range = this.renderRoot.querySelector('.range');
    if (range !== null) {
      range.textContent = `${formatDuration(viewport.endNs - viewport.startNs)} in view`;
    }
    const band = this.renderRoot.querySelector<HTMLElement>('.band');
    const chosen = this.drag ?? (window === null ? undefined : this.pixelsOf(window));
    if (band !== null) {
      band.hidden = chosen === undefined;
      if (chosen !== undefined) {
        const left = Math.max(-2, Math.min(chosen.from, chosen.to));
        const right = Math.min(this.plotWidth + 2, Math.max(chosen.from, chosen.to));
        band.hidden = right < 0 || left > this.plotWidth;
        band.style.left = `${left}px`;
        band.style.width = `${Math.max(1, right - left)}px`;
      }
    }
  }

  private pixelsOf(window: { startNs: number; endNs: number }): { from: number; to: number } {
    return { from: this.xOf(window.startNs), to: this.xOf(window.endNs) };
  }

  private drawTiles(
    context: CanvasRenderingContext2D,
    renderer: BoxRenderer,
    theme: CanvasTheme,
    ready: Prepared,
  ): void {
    const { viewport, layerFilter } = this.state;
    const code = isLayerType(layerFilter) ? layerTypeCode(layerFilter) : -1;
    const plot = { left: GUTTER, right: this.width };
    const whole = this.loader?.whole();
    const reach = ready.tiles.window;
    if (
      whole !== undefined &&
      whole !== ready.tiles &&
      !contains(reach, viewport) &&
      sameRows(whole.rows, ready.tiles.rows)
    ) {
      // Where the finer tiles do not reach yet, the coarse ones of the whole trace stand in.
      const under = prepare(whole);
      const from = GUTTER + this.xOf(reach.startNs);
      const to = GUTTER + this.xOf(reach.endNs);
      const left = { left: plot.left, right: Math.min(plot.right, from) };
      const right = { left: Math.max(plot.left, to), right: plot.right };
      for (const part of [left, right]) {
        if (part.right > part.left) {
          this.drawPart(renderer, under, code, part);
        }
      }
      const clip = { left: Math.max(plot.left, from), right: Math.min(plot.right, to) };
      if (clip.right > clip.left) {
        this.drawPart(renderer, ready, code, clip);
      }
    } else {
      this.drawPart(renderer, ready, code, plot);
    }
    this.shadeOutsideWindow(context, theme);
    this.drawSelection(context, theme, ready);
  }

  private drawPart(
    renderer: BoxRenderer,
    ready: Prepared,
    typeCode: number,
    part: { left: number; right: number },
  ): void {
    const origin = this.timeAt(part.left - GUTTER);
    const end = this.timeAt(part.right - GUTTER);
    const rows: BoxRow[] = [];
    const top = this.body.scrollTop;
    for (const group of this.layout.groups) {
      for (const placed of group.rows) {
        const y = placed.y - top;
        if (y + ROW_HEIGHT >= 0 && y <= this.height) {
          const range = ready.index.overlapping(placed.row, origin, end);
          rows.push({ y: y + 1, height: ROW_HEIGHT - 2, ...range });
        }
      }
    }
    renderer.draw({
      boxes: ready.boxes,
      order: ready.index.order,
      rows,
      styles: this.styles,
      origin,
      pixelsPerUnit: this.pixelsPerNs,
      left: part.left,
      right: part.right,
      devicePixel: 1 / window.devicePixelRatio,
      dimmed: dimming(ready, typeCode),
    });
  }

  private shadeOutsideWindow(context: CanvasRenderingContext2D, theme: CanvasTheme): void {
    const { window } = this.state;
    if (window === null) {
      return;
    }
    const { from, to } = this.pixelsOf(window);
    context.fillStyle = theme.ground;
    context.globalAlpha = 0.6;
    const left = Math.min(this.plotWidth, Math.max(0, from));
    const right = Math.min(this.plotWidth, Math.max(0, to));
    context.fillRect(GUTTER, 0, left, this.height);
    context.fillRect(GUTTER + right, 0, this.plotWidth - right, this.height);
    context.globalAlpha = 1;
  }

  /** The selected span on the canvas, cut to the plot; undefined where it is out of view. */
  private selectedPixels(): { left: number; width: number } | undefined {
    const { selection } = this.state;
    if (selection === null || selection.kind === 'marker') {
      return undefined;
    }
    const x0 = GUTTER + this.xOf(selection.startNs);
    const x1 = Math.max(x0 + 2, x0 + selection.durationNs * this.pixelsPerNs);
    if (x1 < GUTTER || x0 > this.width) {
      return undefined;
    }
    const left = Math.max(GUTTER - 2, x0);
    return { left, width: Math.min(this.width + 2, x1) - left };
  }

  /** Shades the selected span through all lanes: what else ran meanwhile. */
  private drawSelectionColumn(context: CanvasRenderingContext2D, theme: CanvasTheme): void {
    const span = this.selectedPixels();
    if (span !== undefined) {
      context.fillStyle = theme.focus;
      context.globalAlpha = 0.16;
      context.fillRect(span.left, 0, span.width, this.height);
      context.globalAlpha = 1;
    }
  }

  private drawSelection(
    context: CanvasRenderingContext2D,
    theme: CanvasTheme,
    ready: Prepared,
  ): void {
    const { selection } = this.state;
    const span = this.selectedPixels();
    if (selection === null || selection.kind === 'marker' || span === undefined) {
      return;
    }
    const { left, width } = span;
    const row = this.rowOfSelection(ready, selection);
    const placed = this.layout.groups.flatMap((g) => g.rows).find((r) => r.row === row);
    if (placed === undefined) {
      return;
    }
    const y = placed.y - this.body.scrollTop;
    context.lineWidth = 2;
    context.strokeStyle = theme.selection;
    context.strokeRect(left - 1, y, width + 2, ROW_HEIGHT);
    context.lineWidth = 1;
    context.strokeStyle = theme.ground;
    context.strokeRect(left + 0.5, y + 1.5, Math.max(1, width - 1), ROW_HEIGHT - 3);
  }

  /** The row a selection is drawn in; -1 where its box is merged into another. */
  private rowOfSelection(
    { tiles, index }: Prepared,
    selection: Exclude<Selection, { kind: 'marker' }>,
  ): number {
    const isSelected = (box: number) =>
      selection.kind === 'call'
        ? tiles.call[box] === selection.call
        : tiles.start[box] === selection.startNs &&
          tiles.texts[tiles.text[box]] === selection.text &&
          tiles.rows[tiles.row[box]].group === selection.group;
    for (let row = 0; row < tiles.rows.length; row++) {
      const { from, to } = index.overlapping(
        row,
        selection.startNs,
        selection.startNs + Math.max(1, selection.durationNs),
      );
      for (let i = from; i < to; i++) {
        if (isSelected(index.order[i])) {
          return row;
        }
      }
    }
    return -1;
  }

  private drawGutter(context: CanvasRenderingContext2D, theme: CanvasTheme): void {
    context.fillStyle = theme.ground;
    context.fillRect(0, 0, GUTTER - 1, this.height);
    context.font = theme.font;
    context.textBaseline = 'middle';
    context.textAlign = 'end';
    const top = this.body.scrollTop;
    for (const group of this.layout.groups) {
      const heading = group.y - top;
      context.fillStyle = theme.ground;
      context.fillRect(0, heading, this.width, HEADING_HEIGHT);
      context.fillStyle = theme.line;
      context.fillRect(0, heading, this.width, 1);
      context.fillStyle = theme.faintText;
      for (const { row, y } of group.rows) {
        const at = y - top + ROW_HEIGHT / 2 + 0.5;
        if (at > -ROW_HEIGHT && at < this.height + ROW_HEIGHT) {
          context.fillText(gutterText(this.rows[row].label), GUTTER - 8, at, GUTTER - 12);
        }
      }
    }
    context.textAlign = 'start';
  }

  private placeMarkers(): void {
    const markers = this.summary?.markers ?? [];
    const flags = this.renderRoot.querySelectorAll<HTMLElement>('.marker');
    const order = [...flags.keys()].sort((a, b) => markers[a].time - markers[b].time);
    order.forEach((i, at) => {
      const flag = flags[i];
      const x = this.xOf(markers[i].time);
      const next = order.at(at + 1);
      const room = next === undefined ? 260 : this.xOf(markers[next].time) - x - 2;
      flag.hidden = x < -3 || x > this.plotWidth;
      flag.style.left = `${x}px`;
      flag.style.maxWidth = `${Math.max(7, Math.min(260, room))}px`;
    });
  }
}

function isSideways(event: WheelEvent): boolean {
  return Math.abs(event.deltaX) > Math.abs(event.deltaY);
}

function headingNote(group: { busy: number | null; folded: boolean; rowCount: number }): string {
  const busy = group.busy === null ? '' : `busy ${formatShare(group.busy)}`;
  const rows = group.folded ? `${group.rowCount} ${group.rowCount === 1 ? 'row' : 'rows'}` : '';
  return [busy, rows].filter((part) => part !== '').join(', ');
}

/** Row labels that fit the gutter: overlap rows say only that. */
function gutterText(label: string): string {
  return visibleText(label.replace(/^.*, (overlap \d+)$/, '$1'));
}
