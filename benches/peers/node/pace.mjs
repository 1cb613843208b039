/** Milliseconds before the next is due from which on it is looked for without pause: the timers count whole ones. */
const NEAR = 2;

/** Calls `send(number, due)`, from 1 on, so many times a second; late ones are made up for. Gives the seconds it took. */
export async function paced(rate, seconds, send) {
  const begin = performance.now();
  const last = rate * seconds;
  const due = (number) => begin + (number * 1000) / rate;
  let sent = 0;
  await new Promise((done) => {
    const look = () => {
      while (sent < last && due(sent + 1) <= performance.now()) send(++sent, due(sent));
      if (sent >= last) return done();
      const left = due(sent + 1) - performance.now();
      if (left > NEAR) setTimeout(look, left - NEAR);
      else setImmediate(look);
    };
    look();
  });
  return (performance.now() - begin) / 1000;
}

/** Waits until something is so; ten seconds at most, and then it is not. */
export async function until(isSo) {
  const end = performance.now() + 10_000;
  while (!isSo() && performance.now() < end) await new Promise((go) => setTimeout(go, 20));
}

/** Half of the times, and 99 of 100, are below these. Sorts them. */
export function percentiles(took) {
  took.sort((a, b) => a - b);
  const at = (share) => Number(took[Math.min(took.length - 1, Math.floor(took.length * share))]?.toFixed(3));
  return { p50: at(0.5), p99: at(0.99) };
}
