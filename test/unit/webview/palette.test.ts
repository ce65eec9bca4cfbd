import { describe, expect, it } from 'vitest';
import { LAYER_TYPES } from '../../../src/trace/index.js';
import { GROUNDS, contrastRatio, layerStyles } from '../../../webview/palette.js';
import type { ThemeKind } from '../../../webview/palette.js';

const THEMES = Object.keys(GROUNDS) as ThemeKind[];

describe('palette', () => {
  it('measures contrast as WCAG does', () => {
    expect(contrastRatio('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrastRatio('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });

  it.each(THEMES)('stands out from the ground and carries readable text: %s', (theme) => {
    for (const style of layerStyles(theme)) {
      expect(contrastRatio(style.fill, GROUNDS[theme])).toBeGreaterThanOrEqual(3);
      expect(contrastRatio(style.ink, style.fill)).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(THEMES)('gives no two layer types the same colour and pattern: %s', (theme) => {
    const looks = layerStyles(theme).map(({ fill, pattern }) => `${fill} ${pattern}`);
    expect(new Set(looks).size).toBe(LAYER_TYPES.length);
  });
});
