// Visitors who were there before come back: connect, say hello with their token, are welcomed, go.
//
//   node connects.mjs URL VISITORS RATE SECONDS
//
// Prints "go" when everybody has a token, and figures in the end: how many came, how many of them were not welcomed,
// and how long it took from the moment each was meant to come, in milliseconds.
import { WebSocket } from "ws";
import { paced, until } from "./pace.mjs";

const [url, visitors, rate, seconds] = process.argv.slice(2).map((one, n) => (n ? Number(one) : one));

async function visit() {
  const headers = { "content-type": "application/json" };
  const opened = await fetch(`${url}/v1/widget/northgate/sessions`, { method: "POST", headers, body: "{}" });
  return (await opened.json()).token;
}

const tokens = [];
for (let n = 0; n < visitors; n++) tokens.push(await visit());

const took = [];
let gone = 0;
function connect(number, due) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/socket`, { perMessageDeflate: false });
  socket.on("open", () => socket.send(JSON.stringify({ ref: "1", cmd: "hello", token: tokens[number % visitors] })));
  socket.on("message", (data) => {
    if (JSON.parse(data).ok?.is === "welcome") took.push(performance.now() - due);
    socket.close();
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => gone++);
}

console.log("go");
const came = rate * seconds;
await paced(rate, seconds, connect);
await until(() => gone >= came);
took.sort((a, b) => a - b);
const at = (share) => Number(took[Math.min(took.length - 1, Math.floor(took.length * share))]?.toFixed(3));
console.log(JSON.stringify({ came, lost: came - took.length, p50: at(0.5), p99: at(0.99) }));
process.exit(0);
