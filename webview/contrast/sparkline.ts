/**
 * Points of a line over samples, for an SVG of the given size. The scale always runs from 0 to 1, so
 * that a steady 96 % looks steady.
 *
 * @param samples shares, 0 to 1, one a sample interval; more than `width` are thinned to their least
 *   and greatest in each pixel, so that no dip is lost
 * @returns "x,y x,y ..." in px
 */
export function sparklinePoints(samples: readonly number[], width: number, height: number): string {
  if (samples.length === 0) {
    return '';
  }
  const y = (share: number) =>
    (height - 1 - Math.min(1, Math.max(0, share)) * (height - 2)).toFixed(1);
  if (samples.length === 1) {
    return `0,${y(samples[0])} ${width},${y(samples[0])}`;
  }
  const points: string[] = [];
  if (samples.length <= width) {
    samples.forEach((share, i) => {
      points.push(`${((i / (samples.length - 1)) * width).toFixed(1)},${y(share)}`);
    });
    return points.join(' ');
  }
  for (let x = 0; x < width; x++) {
    const from = Math.floor((x / width) * samples.length);
    const to = Math.max(from + 1, Math.floor(((x + 1) / width) * samples.length));
    const part = samples.slice(from, to);
    points.push(`${x},${y(Math.min(...part))}`, `${x},${y(Math.max(...part))}`);
  }
  return points.join(' ');
}
