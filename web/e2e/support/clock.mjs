// Time of a page's main thread, and a yardstick for it: the same machine is twice as slow in a bad minute.

/** Milliseconds the yardstick takes in a calm minute of the machine for which the budgets were set. */
const CALM_MS = 90;
const SAMPLES = 5;

/** Milliseconds the main thread of a page has been busy so far, by Chromium's own count of its CPU time. */
export async function clockOf(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1_000;
  };
}

/**
 * How many times longer a fixed piece of work takes this page's main thread now than in a calm minute: rows
 * of text that are made, styled, laid out and thrown away. Never less than 1: a quick machine has no bonus.
 */
export async function slowness(page, busy) {
  const samples = [];
  // The first one also loads fonts and warms the engine up.
  for (let at = 0; at <= SAMPLES; at += 1) {
    const began = await busy();
    await page.evaluate(yardstick);
    if (at > 0) samples.push((await busy()) - began);
  }
  const [median] = samples.sort((a, b) => a - b).slice(SAMPLES >> 1);
  return Math.max(1, median / CALM_MS);
}

function yardstick() {
  for (let round = 0; round < 20; round += 1) {
    const box = document.createElement("div");
    box.style.cssText = "position:fixed;inset:0 auto auto 0;width:320px;visibility:hidden";
    for (let row = 0; row < 300; row += 1) {
      const line = document.createElement("p");
      line.textContent = `Row ${row} of round ${round}, with some words to be measured and broken into lines`;
      box.append(line);
    }
    document.body.append(box);
    box.getBoundingClientRect();
    box.remove();
  }
}
