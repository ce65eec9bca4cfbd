import type { BoxWords } from './describeBox.js';

/** px between the pointer and the tooltip, and between the tooltip and the edge */
const RIGHT = 12;
const BELOW = 16;
const ABOVE = 8;
const EDGE = 4;

/** Says beside the pointer what the box under it is. */
export class Tooltip {
  /**
   * @param element the tooltip, placed from the upper left corner of `area`
   * @param area what it must not leave
   */
  constructor(
    private readonly element: HTMLElement,
    private readonly area: HTMLElement,
  ) {}

  show(words: BoxWords, pointer: MouseEvent): void {
    const name = document.createElement('b');
    name.textContent = words.name;
    const lines = [
      [words.duration, words.layer].filter((part) => part !== '').join(' · '),
      words.start,
      words.launched,
      words.merged,
    ].filter((line) => line !== '');
    this.element.replaceChildren(name, ...lines.map(lineOf));
    this.element.hidden = false;
    this.place(pointer);
  }

  hide(): void {
    this.element.hidden = true;
  }

  private place(pointer: MouseEvent): void {
    const { element } = this;
    const area = this.area.getBoundingClientRect();
    const x = Math.min(
      pointer.clientX - area.left + RIGHT,
      area.width - element.offsetWidth - EDGE,
    );
    const below = pointer.clientY - area.top + BELOW;
    const y =
      below + element.offsetHeight > area.height
        ? pointer.clientY - area.top - element.offsetHeight - ABOVE
        : below;
    element.style.transform = `translate(${Math.max(0, x)}px, ${y}px)`;
  }
}

function lineOf(text: string): HTMLElement {
  const line = document.createElement('div');
  line.textContent = text;
  return line;
}
