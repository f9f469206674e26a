/** What each person pays, in cents, so that the shares add up to the bill with its tip exactly. */
export function split(billCents: number, tipPercent: number, people: number): number[] {
  if (people < 1) return [];
  const total = Math.round(billCents * (1 + tipPercent / 100));
  const share = Math.floor(total / people);
  const rest = total - share * people;
  return Array.from({ length: people }, (_, index) => share + (index < rest ? 1 : 0));
}
