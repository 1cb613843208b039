// One conversation that many follow: a visitor with so many tabs, one of which writes at a steady rate.
//
//   node room.mjs URL TABS RATE SECONDS [STALLED] [BYTES]
//
// STALLED more tabs follow and read nothing. Prints "go" when everybody is there, and figures in the end: what the
// others were delivered, in milliseconds from the moment each message was meant to be written.
import { paced, percentiles, until } from "./pace.mjs";
import { Tab, visit } from "./tab.mjs";

const [url, tabs, rate, seconds, stalled = 0, bytes = 64] = process.argv.slice(2).map((one, n) => (n ? Number(one) : one));
const token = await visit(url);

const all = [];
for (let n = 0; n < tabs + stalled; n++) {
  const tab = new Tab();
  await tab.open(url, token);
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
console.log(JSON.stringify({ sent, lost: due.size * tabs - took.length, ...percentiles(took) }));
process.exit(0);
