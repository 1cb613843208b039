/** How long to wait before try number `attempt` (from 0): doubles from half a second to 20 seconds, of
 *  which a random half is taken off, so that clients do not come back all at once. */
export function backoff(attempt: number, random: () => number): number {
  const ceiling = Math.min(20_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
