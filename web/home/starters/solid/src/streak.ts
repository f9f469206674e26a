/** How many of the last days in a row are done, counted back from the end. */
export function streak(days: readonly boolean[]): number {
  const missed = days.lastIndexOf(false);
  return days.length - 1 - missed;
}
