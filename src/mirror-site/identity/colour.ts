/**
 * The operator's colour, made darker or lighter until text in it can be read: contrast of 4.5:1 and more (WCAG 2.2, 1.4.3)
 * with every ground that it is used on, and of text that stands on it.
 */

/** Red, green, blue from 0 to 255. */
type Rgb = readonly [number, number, number];

/** What a page is painted with in one of its two schemes. */
export interface Accent {
  /** `#rrggbb`. */
  readonly colour: string;
  /** Of text on it. */
  readonly ink: string;
}

/** The grounds of the style sheet: behind cards and in them. */
export const GROUNDS = { light: ['#f6f7f9', '#ffffff'], dark: ['#12161c', '#1a2029'] } as const;
const INKS = { light: '#ffffff', dark: '#08130f' } as const;
export const MIN_CONTRAST = 4.5;

/** `#rgb` or `#rrggbb`. @returns undefined if the text is not a colour */
export function parseColour(text: string): string | undefined {
  const [, digits] = /^#([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return `#${digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits}`.toLowerCase();
}

/** @param colour `#rrggbb` */
export function accentOf(colour: string, scheme: 'light' | 'dark'): Accent {
  const ink = INKS[scheme];
  const against = [...GROUNDS[scheme], ink];
  const target: Rgb = scheme === 'light' ? [0, 0, 0] : [255, 255, 255];
  const from = rgbOf(colour);
  // At the latest black and white are far enough from all of them.
  for (let percent = 0; ; percent++) {
    const mixed = hexOf(from.map((value, i) => value + ((target[i]! - value) * percent) / 100));
    if (percent === 100 || against.every((other) => contrast(mixed, other) >= MIN_CONTRAST)) {
      return { colour: mixed, ink };
    }
  }
}

/** From 1 to 21 (WCAG 2.2, contrast ratio). */
export function contrast(a: string, b: string): number {
  const [lighter, darker] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = rgbOf(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function rgbOf(colour: string): Rgb {
  const number = Number.parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 0xff, number & 0xff];
}

function hexOf(values: readonly number[]): string {
  return `#${values.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;
}
