import type { TileSet } from '../../src/analysis/results.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import { LAYER_TYPES, UNCLASSIFIED } from '../../src/trace/index.js';
import type { BoxColumns, BoxStyle } from '../boxes/boxRenderer.js';
import { layerStyles } from '../palette.js';
import type { ThemeKind } from '../palette.js';
import { BoxIndex } from './boxIndex.js';
import { isOwnCall } from './ownCall.js';

/** Style of boxes that are no call and have no layer type: steps, annotations, host events. */
const NEUTRAL = LAYER_TYPES.length;

const NEUTRAL_STYLES: Record<ThemeKind, BoxStyle> = {
  dark: { fill: '#6b7178', ink: '#ffffff', edge: '', pattern: 'solid' },
  light: { fill: '#8c9299', ink: '#000000', edge: '', pattern: 'solid' },
  hcDark: { fill: '#808080', ink: '#000000', edge: '#ffffff', pattern: 'solid' },
  hcLight: { fill: '#737373', ink: '#ffffff', edge: '#000000', pattern: 'solid' },
};

/** Styles by layer type code, and the neutral one behind them. */
export function sceneStyles(theme: ThemeKind): readonly BoxStyle[] {
  return [...layerStyles(theme), NEUTRAL_STYLES[theme]];
}

/** Tiles made ready for drawing: once a tile set. */
export interface Prepared {
  readonly tiles: TileSet;
  readonly index: BoxIndex;
  readonly boxes: BoxColumns;
}

const prepared = new WeakMap<TileSet, Prepared>();

export function prepare(tiles: TileSet): Prepared {
  const known = prepared.get(tiles);
  if (known !== undefined) {
    return known;
  }
  const style = new Uint8Array(tiles.count);
  for (let i = 0; i < tiles.count; i++) {
    const plain = !isOwnCall(tiles, i) && tiles.type[i] === UNCLASSIFIED;
    style[i] = plain ? NEUTRAL : tiles.type[i];
  }
  const made: Prepared = {
    tiles,
    index: new BoxIndex(tiles),
    boxes: {
      start: tiles.start,
      duration: tiles.duration,
      style,
      text: tiles.text,
      texts: tiles.texts.map(boxText),
    },
  };
  prepared.set(tiles, made);
  return made;
}

/** What is written in a box: the profiler's prefix would leave no room for the module's name. */
function boxText(text: string): string {
  return visibleText(text.replace(/^nn\.Module: /, ''));
}

/** Which boxes are drawn faintly while one layer type is asked for; neutral boxes stay. */
export function dimming(ready: Prepared, typeCode: number): ((box: number) => boolean) | undefined {
  if (typeCode < 0) {
    return undefined;
  }
  const { style } = ready.boxes;
  return (box) => style[box] !== NEUTRAL && style[box] !== typeCode;
}
