/** What a key does in the timeline. */
export type TimelineAction =
  /** by a share of the view; positive is later */
  | { readonly type: 'pan'; readonly share: number }
  /** above 1 zooms in */
  | { readonly type: 'zoom'; readonly factor: number }
  | { readonly type: 'fit' }
  | { readonly type: 'showSelection' }
  | { readonly type: 'clear' }
  | { readonly type: 'step'; readonly direction: 1 | -1 }
  | { readonly type: 'row'; readonly direction: 1 | -1 }
  | { readonly type: 'scroll'; readonly pages: number }
  | { readonly type: 'useAsWindow' }
  | { readonly type: 'goToCode' };

export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const PAN = 0.2;
const FINE_PAN = 0.04;
const ZOOM = 1.5;
const FINE_ZOOM = 1.1;

/**
 * The action of a key, undefined for keys that are not the timeline's: they stay VS Code's and the
 * browser's. Tab is among those, so that the keyboard can leave the timeline; `[` and `]` step.
 */
export function timelineAction(press: KeyPress): TimelineAction | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey) {
    return undefined;
  }
  const pan = press.shiftKey ? FINE_PAN : PAN;
  const zoom = press.shiftKey ? FINE_ZOOM : ZOOM;
  switch (press.key.length === 1 ? press.key.toLowerCase() : press.key) {
    case 'a':
    case 'ArrowLeft':
      return { type: 'pan', share: -pan };
    case 'd':
    case 'ArrowRight':
      return { type: 'pan', share: pan };
    case 'w':
    case '+':
    case '=':
      return { type: 'zoom', factor: zoom };
    case 's':
    case '-':
    case '_':
      return { type: 'zoom', factor: 1 / zoom };
    case '0':
    case 'Home':
      return { type: 'fit' };
    case 'f':
      return { type: 'showSelection' };
    case '[':
    case ',':
      return { type: 'step', direction: -1 };
    case ']':
    case '.':
      return { type: 'step', direction: 1 };
    case 'ArrowUp':
      return { type: 'row', direction: -1 };
    case 'ArrowDown':
      return { type: 'row', direction: 1 };
    case 'PageUp':
      return { type: 'scroll', pages: -0.9 };
    case 'PageDown':
      return { type: 'scroll', pages: 0.9 };
    case 'm':
      return { type: 'useAsWindow' };
    case 'Enter':
      return { type: 'goToCode' };
    case 'Escape':
      return { type: 'clear' };
    default:
      return undefined;
  }
}
