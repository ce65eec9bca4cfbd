import { html, nothing } from 'lit';
import { visibleText } from '../../src/analysis/visibleText.js';
import type { Marker } from '../../src/trace/index.js';
import type { TimeScale } from './timeScale.js';

/** markers drawn; a trace with more says how many it has in its details */
const MOST_MARKERS = 400;
/** px of a marker's flag: the widest, and what is left of it where the next one is near */
const WIDEST = 260;
const NARROWEST = 7;

/** The flags of what the recorder found. `placeMarkers` puts them at their times. */
export function markersTemplate(all: readonly Marker[], choose: (index: number) => void) {
  const markers = all.slice(0, MOST_MARKERS);
  return markers.length === 0
    ? nothing
    : html`<div class="markers" role="group" aria-label="What the recorder found">
        ${markers.map(
          (marker, index) =>
            html`<button
              class="marker"
              title=${visibleText(
                [marker.severity, marker.title].filter((part) => part !== '').join(': '),
              )}
              @click=${() => choose(index)}
            >
              ${visibleText(marker.title)}
            </button>`,
        )}
      </div>`;
}

export function placeMarkers(
  flags: ArrayLike<HTMLElement>,
  markers: readonly Marker[],
  scale: TimeScale,
): void {
  const times = Array.from(flags, (_, i) => markers[i].time);
  markerPlaces(times, scale).forEach(({ x, widest, shown }, i) => {
    flags[i].hidden = !shown;
    flags[i].style.left = `${x}px`;
    flags[i].style.maxWidth = `${widest}px`;
  });
}

/**
 * Where flags stand: each at its time, as wide as the next one later leaves it.
 * @param times ns, in any order
 * @returns px, in the order of `times`
 */
export function markerPlaces(
  times: readonly number[],
  scale: TimeScale,
): readonly { readonly x: number; readonly widest: number; readonly shown: boolean }[] {
  const order = [...times.keys()].sort((a, b) => times[a] - times[b]);
  const places = times.map((time) => {
    const x = scale.xOf(time);
    return { x, widest: WIDEST, shown: x >= -3 && x <= scale.width };
  });
  order.forEach((i, at) => {
    const next = order.at(at + 1);
    if (next !== undefined) {
      const room = scale.xOf(times[next]) - places[i].x - 2;
      places[i].widest = Math.max(NARROWEST, Math.min(WIDEST, room));
    }
  });
  return places;
}
