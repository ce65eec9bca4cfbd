import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Frame } from 'playwright-core';

/** Texts that a page of a trace has at least, by whose colours axe can judge. */
const LEAST_TEXTS = 20;

/**
 * What axe-core finds wrong in a page as it stands, a line each: the rule, what it asks, and where.
 *
 * @throws Error where it could hardly look at anything
 */
export async function accessibilityFaults(frame: Frame): Promise<string[]> {
  const { violations, passes } = await runAxe(frame);
  const contrast = passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0;
  if (contrast < LEAST_TEXTS) {
    throw new Error(`axe judged the contrast of ${contrast} texts only.`);
  }
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) =>
      [id, help, JSON.stringify(target), failureSummary].join(' | '),
    ),
  );
}

/** The page's policy lets no script in but its own: axe comes through the debugger. */
async function runAxe(frame: Frame): Promise<AxeResults> {
  if (!(await frame.evaluate(() => 'axe' in globalThis))) {
    await frame.evaluate(axe.source);
  }
  return await frame.evaluate(async () => {
    const { axe: there } = globalThis as unknown as { axe: typeof axe };
    return await there.run({ resultTypes: ['violations', 'passes'] });
  });
}
