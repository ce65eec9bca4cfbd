/**
 * A sum of many doubles that loses no more than the last digit (Neumaier's variant of Kahan's
 * summation), so that a total equals SQL's over the same rows.
 *
 * Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974.
 */
export function exactSum(values: ArrayLike<number>, from = 0, to = values.length): number {
  let sum = 0;
  let lost = 0;
  for (let i = from; i < to; i++) {
    const value = values[i];
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}
