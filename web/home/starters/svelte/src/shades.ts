/** `count` shades of a hue, from light to dark, as CSS colours. */
export function shades(hue: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const lightness = 0.95 - (index / Math.max(1, count - 1)) * 0.7;
    return `oklch(${lightness.toFixed(2)} 0.12 ${hue})`;
  });
}
