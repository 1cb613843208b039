import { WebSocket } from "ws";

/** Opens a visit; gives its token. */
export async function visit(url) {
  const headers = { "content-type": "application/json" };
  const opened = await fetch(`${url}/v1/widget/northgate/sessions`, { method: "POST", headers, body: "{}" });
  return (await opened.json()).token;
}

/** A socket that opens. */
export function dial(url) {
  return new WebSocket(`${url.replace("http", "ws")}/v1/socket`, { perMessageDeflate: false });
}

/** A tab of a visitor. `seen` is told the `client_id` of each entry that comes. */
export class Tab {
  constructor() {
    this.asked = new Map();
    this.number = 0;
    this.seen = () => {};
  }

  /** Connects and says hello. */
  open(url, token) {
    this.socket = dial(url);
    this.socket.on("message", (data) => this.take(JSON.parse(data)));
    return new Promise((opened, failed) => {
      this.socket.on("open", () => opened(this.ask("hello", { token })));
      this.socket.on("error", failed);
    });
  }

  take(frame) {
    if (frame.type === "event") return this.seen(frame.entry.client_id);
    if (frame.type !== "reply") return;
    if (frame.error) throw new Error(JSON.stringify(frame.error));
    this.asked.get(frame.ref)?.(frame.ok);
    this.asked.delete(frame.ref);
  }

  ask(cmd, rest) {
    const ref = String(++this.number);
    this.socket.send(JSON.stringify({ ref, cmd, ...rest }));
    return new Promise((answered) => this.asked.set(ref, answered));
  }

  say(conversation, client_id, body) {
    return this.ask("send", { conversation, client_id, body });
  }
}
