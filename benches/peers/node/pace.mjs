/** Calls `send(number, due)`, from 1 on, so many times a second; late ones are made up for. Gives the seconds it took. */
export async function paced(rate, seconds, send) {
  const begin = performance.now();
  const last = rate * seconds;
  let sent = 0;
  await new Promise((done) => {
    const ticking = setInterval(() => {
      const due = Math.min(((performance.now() - begin) * rate) / 1000, last);
      while (sent + 1 <= due) send(++sent, begin + (sent * 1000) / rate);
      if (sent >= last) done(clearInterval(ticking));
    }, 1);
  });
  return (performance.now() - begin) / 1000;
}

/** Waits until something is so; ten seconds at most, and then it is not. */
export async function until(isSo) {
  const end = performance.now() + 10_000;
  while (!isSo() && performance.now() < end) await new Promise((go) => setTimeout(go, 20));
}
