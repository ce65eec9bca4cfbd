import { LAYER_TYPES } from '../src/trace/index.js';
import type { LayerType } from '../src/trace/index.js';
import type { BoxPattern, BoxStyle } from './boxes/boxRenderer.js';

export type ThemeKind = 'dark' | 'light' | 'hcDark' | 'hcLight';

/**
 * Hues that people with the common colour-vision deficiencies tell apart, after the palette of Okabe
 * and Ito (Color Universal Design, 2008), brightened for dark grounds and deepened for light ones.
 * Each fill stands out from its ground by at least 3:1, its ink from it by at least 4.5:1
 * (WCAG 2.2, 1.4.11 and 1.4.3); a test measures both.
 */
const HUES = {
  sky: { dark: '#56b4e9', light: '#2b8cc4', hcDark: '#6fc6ff', hcLight: '#0b5c8f' },
  blue: { dark: '#3f8fd6', light: '#0a55a0', hcDark: '#4fa3ff', hcLight: '#063d7a' },
  orange: { dark: '#e69f00', light: '#c47600', hcDark: '#ffb31a', hcLight: '#7a4d00' },
  vermillion: { dark: '#f0703a', light: '#b84300', hcDark: '#ff7a3d', hcLight: '#963500' },
  purple: { dark: '#d58bb4', light: '#a8558c', hcDark: '#f09fce', hcLight: '#7a2f60' },
  green: { dark: '#2db88c', light: '#008a68', hcDark: '#2fe0a8', hcLight: '#005c46' },
  yellow: { dark: '#d8cc4a', light: '#8a7d00', hcDark: '#f5e94f', hcLight: '#5c5300' },
  grey: { dark: '#a0a4a8', light: '#6a6e73', hcDark: '#d0d0d0', hcLight: '#4a4a4a' },
  dim: { dark: '#7f858c', light: '#7a7f85', hcDark: '#a8a8a8', hcLight: '#666666' },
} as const satisfies Record<string, Record<ThemeKind, string>>;

/** Related layers share a hue and differ in pattern: colour is never the only sign. */
const LOOKS: Record<LayerType, readonly [keyof typeof HUES, BoxPattern]> = {
  unclassified: ['dim', 'solid'],
  mamba: ['sky', 'solid'],
  linear_attention: ['blue', 'solid'],
  short_conv: ['sky', 'stripes'],
  attention: ['orange', 'solid'],
  moe_router: ['purple', 'stripes'],
  moe_all_to_all: ['vermillion', 'solid'],
  moe_experts: ['purple', 'solid'],
  moe_shared_expert: ['purple', 'dots'],
  mlp: ['green', 'solid'],
  norm: ['yellow', 'solid'],
  rope: ['orange', 'stripes'],
  residual: ['yellow', 'dots'],
  embedding: ['green', 'stripes'],
  lm_head: ['green', 'dots'],
  sampling: ['green', 'cross'],
  collective: ['vermillion', 'stripes'],
  memcpy: ['grey', 'stripes'],
};

/** Styles by the code of `LAYER_TYPES`. */
export function layerStyles(theme: ThemeKind): readonly BoxStyle[] {
  return LAYER_TYPES.map(({ key }) => layerStyle(key, theme));
}

export function layerStyle(key: LayerType, theme: ThemeKind): BoxStyle {
  const [hue, pattern] = LOOKS[key];
  const fill = HUES[hue][theme];
  return {
    fill,
    ink: contrastRatio(fill, '#000000') >= contrastRatio(fill, '#ffffff') ? '#000000' : '#ffffff',
    edge: theme === 'hcDark' ? '#ffffff' : theme === 'hcLight' ? '#000000' : '',
    pattern,
  };
}

/** Ground colours of VS Code's own themes, against which the palette is measured. */
export const GROUNDS: Record<ThemeKind, string> = {
  dark: '#1f1f1f',
  light: '#ffffff',
  hcDark: '#000000',
  hcLight: '#ffffff',
};

/** Contrast of two #rrggbb colours, 1 to 21, as WCAG 2.2 defines it. */
export function contrastRatio(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
