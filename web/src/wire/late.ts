// A link whose code is fetched when it is first started.

import { type Link, type LinkEvent, Lost, listeners } from "./link.ts";

export function lateLink(load: () => Promise<Link>): Link {
  const { add, tell } = listeners<LinkEvent>();
  let real: Link | undefined;
  let wanted = false;
  let loading = false;

  async function start(): Promise<void> {
    wanted = true;
    if (real) real.start();
    if (real || loading) return;
    loading = true;
    tell({ on: "state", state: "connecting" });
    try {
      real = await load();
      real.listen(tell);
      if (wanted) real.start();
    } catch {
      // Offline before the first word: the code is fetched when there is a network again.
      tell({ on: "state", state: "offline" });
      addEventListener("online", () => wanted && void start(), { once: true });
    } finally {
      loading = false;
    }
  }

  return {
    state: () => real?.state() ?? "idle",
    welcome: () => real?.welcome(),
    request: (command) => real?.request(command) ?? Promise.reject(new Lost()),
    listen: add,
    start: () => void start(),
    stop: () => {
      wanted = false;
      real?.stop();
    },
  };
}
