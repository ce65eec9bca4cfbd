// The figures below which no change may fall: test/corpus/score-floors.json.

/** Figures that have a floor; all in percent of GPU time, as `Score` has them. */
export const GUARDED = ['type', 'index', 'precision'];

/** A figure this far above its floor is told, so that the floor is raised. */
const WORTH_RAISING = 0.5;

/**
 * Floors at these scores, by model and variant.
 *
 * @param scores all that are to have a floor
 * @param before floors that must not be lowered; none where they may
 */
export function floorsOf(scores, before = {}) {
  const floors = {};
  for (const score of scores) {
    const floor = before[score.model]?.[score.variant] ?? {};
    const higher = (figure) =>
      floor[figure] == null || score[figure] > floor[figure] ? score[figure] : floor[figure];
    (floors[score.model] ??= {})[score.variant] = Object.fromEntries(
      GUARDED.map((figure) => [figure, higher(figure)]),
    );
  }
  return floors;
}

/**
 * @returns {{ fallen: string[], risen: string[] }} sentences: figures below their floor, and those
 *   far enough above it
 */
export function compareWithFloors(scores, floors) {
  const fallen = [];
  const risen = [];
  for (const score of scores) {
    const floor = floors[score.model]?.[score.variant];
    if (floor === undefined) {
      risen.push(`${score.model}, ${score.variant}: has no floor yet`);
      continue;
    }
    for (const figure of GUARDED) {
      const now = score[figure] ?? 0;
      const then = floor[figure] ?? 0;
      const words = `${score.model}, ${score.variant}: ${figure} ${now} %, floor ${then} %`;
      if (now < then) {
        fallen.push(words);
      } else if (now > then + WORTH_RAISING) {
        risen.push(words);
      }
    }
  }
  return { fallen, risen };
}
