// The visitor's connection: one socket for all tabs of the site.

import type { Link } from "../wire/link.ts";
import { newClientId } from "../wire/outbox.ts";
import { browserSocket } from "../wire/socket.ts";
import { type Channel, sharedLink } from "../wire/tabs.ts";
import { enLine } from "./words/en-line.ts";
import { learn } from "./words.ts";

learn(enLine);

export function visitorLink(base: string, slug: string, token: (refused: boolean) => Promise<string>): Link {
  const open = () => browserSocket(base, token);
  if (!("BroadcastChannel" in globalThis)) return open();
  return sharedLink(new BroadcastChannel(`concierge:${slug}`) as Channel, newClientId(), open);
}
