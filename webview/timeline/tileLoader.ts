import type { TileRequest, TileSet } from '../../src/analysis/results.js';
import type { Viewport } from '../state.js';
import { serves, tileKey, wantedTiles } from './tileWindow.js';

/** Tile sets kept for going back; a set of a wide screen is about a megabyte. */
const KEPT = 12;

interface Held {
  readonly request: TileRequest;
  readonly tiles: TileSet;
}

/**
 * Gets tiles for the view. One request is under way at a time; while it is, only the newest wish is
 * remembered, so a long pan neither floods the host nor starves. The old picture stays until the new
 * one is there: `best` gives what to draw now.
 */
export class TileLoader {
  private readonly held = new Map<string, Held>();
  private overview: Held | undefined;
  private underWay: AbortController | undefined;
  private wish: { view: Viewport; width: number } | undefined;
  private generation = 0;
  /** why the newest tiles are not there; '' where they are */
  error = '';

  /**
   * @param spanNs length of the trace
   * @param changed called whenever there is something new to draw or to say
   */
  constructor(
    private readonly ask: (request: TileRequest, signal: AbortSignal) => Promise<TileSet>,
    private readonly spanNs: number,
    private readonly changed: () => void,
  ) {}

  get pending(): boolean {
    return this.underWay !== undefined;
  }

  /** States the view; asks the host where what is held does not serve it. */
  want(view: Viewport, width: number): void {
    if (width < 1) {
      return;
    }
    this.wish = { view, width };
    if (this.underWay === undefined) {
      void this.work();
    }
  }

  /** What to draw for a view now: the finest that serves, else the newest that overlaps. */
  best(view: Viewport, width: number): TileSet | undefined {
    let overlapping: Held | undefined;
    for (const held of this.held.values()) {
      if (serves(held.request, view, width)) {
        return held.tiles;
      }
      if (held.request.startNs < view.endNs && held.request.endNs > view.startNs) {
        overlapping = held;
      }
    }
    return overlapping?.tiles ?? this.overview?.tiles;
  }

  /** The whole trace, coarsely: drawn where the best tiles do not reach. */
  whole(): TileSet | undefined {
    return this.overview?.tiles;
  }

  dispose(): void {
    this.generation++;
    this.wish = undefined;
    this.underWay?.abort();
  }

  private async work(): Promise<void> {
    const generation = this.generation;
    while (this.wish !== undefined && generation === this.generation) {
      const { view, width } = this.wish;
      this.wish = undefined;
      const serving = this.serving(view, width);
      if (serving !== undefined) {
        this.touch(serving);
        continue;
      }
      const request = wantedTiles(view, width, this.spanNs);
      const controller = new AbortController();
      this.underWay = controller;
      try {
        const tiles = await this.ask(request, controller.signal);
        if (generation === this.generation) {
          this.error = '';
          this.keep({ request, tiles });
        }
      } catch (error) {
        if (generation === this.generation) {
          this.error = error instanceof Error ? error.message : String(error);
        }
      } finally {
        this.underWay = undefined;
      }
      if (generation === this.generation) {
        this.changed();
      }
    }
  }

  private serving(view: Viewport, width: number): Held | undefined {
    for (const held of this.held.values()) {
      if (serves(held.request, view, width)) {
        return held;
      }
    }
    return undefined;
  }

  private keep(held: Held): void {
    if (held.request.startNs <= 0 && held.request.endNs >= this.spanNs) {
      const coarser =
        this.overview === undefined || held.request.pixels < this.overview.request.pixels;
      this.overview = coarser ? held : this.overview;
    }
    this.touch(held);
    for (const key of this.held.keys()) {
      if (this.held.size <= KEPT) {
        break;
      }
      this.held.delete(key);
    }
  }

  /** Moves to the end of the map: its order is the order of use. */
  private touch(held: Held): void {
    const key = tileKey(held.request);
    this.held.delete(key);
    this.held.set(key, held);
  }
}
