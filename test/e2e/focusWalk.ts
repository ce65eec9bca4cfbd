import type { Frame } from 'playwright-core';

/** Where the Tab key stopped. */
export interface FocusStop {
  /** "layerscope-layers tr", the part of the page and the element in it */
  readonly at: string;
  /** the name that is read out, or the text */
  readonly name: string;
  /** whether something of it looked otherwise with the focus than after it */
  readonly visible: boolean;
}

/** More stops than any page of the tests has. */
const MOST_STOPS = 120;

/**
 * Presses Tab until `enough`, or until the focus leaves the frame.
 *
 * @param enough looks at the newest stop, whose `visible` is not known yet
 * @throws Error where neither happens: the focus is trapped
 */
export async function tabOn(
  frame: Frame,
  enough: (stop: Omit<FocusStop, 'visible'>) => boolean = () => false,
): Promise<FocusStop[]> {
  const { keyboard } = frame.page();
  const stops: FocusStop[] = [];
  for (let press = 0; press < MOST_STOPS; press++) {
    await keyboard.press('Tab');
    const { lookedOtherwise, stop } = await focusMoved(frame);
    const last = stops.at(-1);
    if (last !== undefined) {
      stops[stops.length - 1] = { ...last, visible: lookedOtherwise };
    }
    if (stop === undefined) {
      return stops;
    }
    stops.push({ ...stop, visible: true });
    if (enough(stop)) {
      return stops;
    }
  }
  const trail = stops.slice(-8).map(({ at, name }) => `${at} (${name})`);
  throw new Error(`The focus does not come out: ${trail.join(', ')}`);
}

/** What has the focus now, and whether what had it before looks otherwise without it. */
async function focusMoved(
  frame: Frame,
): Promise<{ lookedOtherwise: boolean; stop: Omit<FocusStop, 'visible'> | undefined }> {
  return await frame.evaluate(async () => {
    // Components draw what changed a moment later.
    const drawn = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await drawn();
    await drawn();
    const lookOf = (element: Element): string =>
      ['', '::after', '::before']
        .map((part) => getComputedStyle(element, part === '' ? undefined : part))
        .map((style) =>
          [
            style.outlineStyle === 'none' ? '' : `${style.outlineWidth} ${style.outlineColor}`,
            style.borderColor,
            style.boxShadow,
            style.backgroundColor,
          ].join(),
        )
        .join(' | ');
    const memory = globalThis as unknown as { focusWalk?: { element: Element; look: string }[] };
    const lookedOtherwise =
      memory.focusWalk?.some(({ element, look }) => lookOf(element) !== look) ?? false;
    const path: Element[] = [];
    for (
      let element = document.hasFocus() ? document.activeElement : null;
      element !== null && element !== document.body;
      element = element.shadowRoot?.activeElement ?? null
    ) {
      path.push(element);
    }
    // What shows the focus may lie around it: the frame of a field.
    const leaf = path.at(-1);
    for (let around = leaf?.parentElement; around; around = around.parentElement) {
      path.unshift(around);
    }
    memory.focusWalk = path.map((element) => ({ element, look: lookOf(element) }));
    if (leaf === undefined) {
      return { lookedOtherwise, stop: undefined };
    }
    const labels = (leaf.getAttribute('aria-labelledby') ?? '').split(' ');
    const root = leaf.getRootNode() as Document | ShadowRoot;
    const labelled = labels.map((id) => root.getElementById(id)?.textContent ?? '').join(' ');
    const name = leaf.getAttribute('aria-label') ?? (labelled.trim() || leaf.textContent);
    const part = path.findLast((element) => element.localName.startsWith('layerscope-'));
    return {
      lookedOtherwise,
      stop: {
        at: `${part?.localName ?? ''} ${leaf.getAttribute('role') ?? leaf.localName}`,
        name: name.replace(/\s+/g, ' ').trim(),
      },
    };
  });
}
