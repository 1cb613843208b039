// Visitors who were there before come back: connect, say hello with their token, are welcomed, go.
//
//   node connects.mjs URL VISITORS RATE SECONDS
//
// Prints "go" when everybody has a token, and figures in the end: how many came, how many of them were not welcomed,
// and how long it took from the moment each was meant to come, in milliseconds.
import { paced, percentiles, until } from "./pace.mjs";
import { dial, visit } from "./tab.mjs";

const [url, visitors, rate, seconds] = process.argv.slice(2).map((one, n) => (n ? Number(one) : one));

const tokens = [];
for (let n = 0; n < visitors; n++) tokens.push(await visit(url));

const took = [];
let gone = 0;
function connect(number, due) {
  const socket = dial(url);
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
console.log(JSON.stringify({ came, lost: came - took.length, ...percentiles(took) }));
process.exit(0);
