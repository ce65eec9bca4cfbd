import { html } from 'lit';

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

/** The button that lists what keys, wheel and drag do in the timeline, and the list. */
export const keyHelp = html`<button class="tool" popovertarget="keys">Keys</button>
  <div id="keys" class="keys" popover>
    <dl>
      ${KEYS.map(
        ([key, what]) =>
          html`<dt>${key}</dt>
            <dd>${what}</dd>`,
      )}
    </dl>
  </div>`;
