// What a visitor waits for who asks for news every three seconds instead of keeping a socket open.
//
//   node polled.mjs URL RATE SECONDS
//
// One tab writes through its socket; beside it the same visitor asks for what is new. Prints "go" when it begins, and
// milliseconds from the moment each message was meant to be written until it was seen.
import { WebSocket } from "ws";
import { paced, until } from "./pace.mjs";

const EVERY = 3_000;
const [url, rate, seconds] = process.argv.slice(2).map((one, n) => (n ? Number(one) : one));
const headers = { "content-type": "application/json" };
const visit = await fetch(`${url}/v1/widget/northgate/sessions`, { method: "POST", headers, body: "{}" });
const { token } = await visit.json();

const socket = new WebSocket(`${url.replace("http", "ws")}/v1/socket`, { perMessageDeflate: false });
const asked = new Map();
socket.on("message", (data) => {
  const { ref, ok } = JSON.parse(data);
  asked.get(ref)?.(ok);
  asked.delete(ref);
});
await new Promise((open) => socket.on("open", open));
function ask(ref, cmd, rest) {
  socket.send(JSON.stringify({ ref, cmd, ...rest }));
  return new Promise((answered) => asked.set(ref, answered));
}
await ask("hello", "hello", { token });
const { conversation } = await ask("first", "send", { client_id: "first", body: "Good morning" });

const due = new Map();
const took = [];
let after = 0;
async function look() {
  for (let more = true; more; ) {
    const page = `${url}/v1/conversations/${conversation}/entries?after=${after}&limit=200`;
    const answer = await fetch(page, { headers: { authorization: `Bearer ${token}` } });
    const { entries, more: goesOn } = await answer.json();
    for (const { seq, client_id } of entries) {
      after = seq;
      if (due.has(client_id)) took.push(performance.now() - due.get(client_id));
    }
    more = goesOn;
  }
}
const looking = setInterval(look, EVERY);

console.log("go");
await paced(rate, seconds, (number, at) => {
  due.set(`m-${number}`, at);
  void ask(`m-${number}`, "send", { conversation, client_id: `m-${number}`, body: "Good morning" });
});
await until(() => took.length >= due.size);
clearInterval(looking);
took.sort((a, b) => a - b);
const at = (share) => Number(took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(3));
console.log(JSON.stringify({ sent: due.size, lost: due.size - took.length, p50: at(0.5), p99: at(0.99) }));
process.exit(0);
