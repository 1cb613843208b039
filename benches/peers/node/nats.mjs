// So many connections to a NATS server's WebSocket, each following a subject of its own and writing to it: what
// `concierge load --scenario flood` does to a hub, but without acknowledgements, which NATS has none of.
//
//   node nats.mjs PORT CONNECTIONS RATE SECONDS [FOLLOWERS]
//
// With FOLLOWERS so many of them follow each subject, as tabs of one conversation do, and one of them writes to it.
// Prints "go" when everybody is there, and figures in the end.
import { WebSocket } from "ws";
import { paced, until } from "./pace.mjs";

const [port, connections, rate, seconds, followers = 1] = process.argv.slice(2).map(Number);
const payload = "x".repeat(64);
let delivered = 0;
let ready = 0;

async function connect(number) {
  const room = `room.${Math.floor(number / followers)}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await new Promise((opened, failed) => socket.on("open", opened).on("error", failed));
  socket.on("message", (data) => {
    const text = data.toString("latin1");
    if (text.startsWith("PING")) socket.send("PONG\r\n");
    if (text.startsWith("PONG")) ready++;
    delivered += text.split("MSG ").length - 1;
  });
  socket.send(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${room} 1\r\nPING\r\n`);
  return () => socket.send(`PUB ${room} ${payload.length}\r\n${payload}\r\n`);
}

const all = [];
for (let number = 0; number < connections; number++) all.push(await connect(number));
await until(() => ready === connections);
console.log("go");
const sent = rate * seconds;
const writers = all.filter((_, number) => number % followers === 0);
const took = await paced(rate, seconds, (number) => writers[number % writers.length]());
await until(() => delivered >= sent * followers);
console.log(JSON.stringify({ sent, delivered, rate: sent / took }));
process.exit(0);
