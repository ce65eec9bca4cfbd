import { scaleLinear } from 'd3-scale';
import { format } from 'd3-format';
import type { Viewport } from '../state.js';

const UNITS = [
  { ns: 1e9, unit: 's' },
  { ns: 1e6, unit: 'ms' },
  { ns: 1e3, unit: 'µs' },
  { ns: 1, unit: 'ns' },
] as const;

/** A unit and its decimals in which all ticks of an axis are written. */
export interface TickFormat {
  readonly values: readonly number[];
  label(ns: number): string;
}

/**
 * Ticks of the ruler, one unit for all: the one in which the distance between two ticks is at least
 * a tenth, so that neighbours read differently at every zoom.
 */
export function timeTicks(view: Viewport, width: number): TickFormat {
  const scale = scaleLinear().domain([view.startNs, view.endNs]);
  const values = scale.ticks(Math.max(2, Math.floor(width / 110)));
  const step = values.length > 1 ? values[1] - values[0] : view.endNs - view.startNs;
  const { ns, unit } = UNITS.find((u) => step >= u.ns * 0.0999) ?? UNITS[UNITS.length - 1];
  const decimals = Math.max(0, -Math.floor(Math.log10(step / ns) + 1e-9));
  const write = format(`,.${decimals}f`);
  return { values, label: (at) => `${write(at / ns)} ${unit}` };
}

/** An instant of the trace to the nanosecond: "3.204 118 250 s". */
export function formatInstant(ns: number): string {
  const whole = Math.round(ns);
  const seconds = Math.floor(whole / 1e9);
  const fraction = String(whole - seconds * 1e9).padStart(9, '0');
  return `${seconds}.${fraction.slice(0, 3)} ${fraction.slice(3, 6)} ${fraction.slice(6)} s`;
}
