// One conversation that many follow: a visitor with so many tabs, one of which writes at a steady rate.
//
//   node room.mjs URL TABS RATE SECONDS [STALLED] [BYTES]
//
// STALLED more tabs follow and read nothing. Prints "go" when everybody is there, and figures in the end: what the
// others were delivered, in milliseconds from the moment each message was meant to be written.
import { WebSocket } from "ws";
import { paced, until } from "./pace.mjs";

const [url, tabs, rate, seconds, stalled = 0, bytes = 64] = process.argv.slice(2).map((one, n) => (n ? Number(one) : one));
const visit = await fetch(`${url}/v1/widget/northgate/sessions`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: "{}",
});
const { token } = await visit.json();

class Tab {
  constructor() {
    this.asked = new Map();
    this.number = 0;
    this.seen = () => {};
  }

  open() {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/v1/socket`, { perMessageDeflate: false });
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

const all = [];
for (let n = 0; n < tabs + stalled; n++) {
  const tab = new Tab();
  await tab.open();
  all.push(tab);
}
const { conversation } = await all[0].say(undefined, "first", "Good morning");
for (const tab of all) await tab.ask("join", { conversation, after: 0, epoch: null });
for (const tab of all.slice(tabs)) tab.socket._socket.pause();

// The client's own code is slow at first: what it measures in the first two seconds says nothing of the server.
const warm = rate * Math.min(2, seconds / 2);
const due = new Map();
const took = [];
for (const tab of all.slice(0, tabs)) {
  tab.seen = (client) => due.has(client) && took.push(performance.now() - due.get(client));
}
console.log("go");
const body = "x".repeat(bytes);
const sent = rate * seconds;
await paced(rate, seconds, (number, at) => {
  const client = `m-${number}`;
  if (number > warm) due.set(client, at);
  void all[0].say(conversation, client, body);
});
await until(() => took.length >= due.size * tabs);
took.sort((a, b) => a - b);
const at = (share) => Number(took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(3));
console.log(JSON.stringify({ sent, lost: due.size * tabs - took.length, p50: at(0.5), p99: at(0.99) }));
process.exit(0);
