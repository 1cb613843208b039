// What a visitor waits for who asks for news every three seconds instead of keeping a socket open.
//
//   node polled.mjs URL RATE SECONDS
//
// One tab writes through its socket; beside it the same visitor asks for what is new. Prints "go" when it begins, and
// milliseconds from the moment each message was meant to be written until it was seen.
import { paced, percentiles, until } from "./pace.mjs";
import { Tab, visit } from "./tab.mjs";

const EVERY = 3_000;
const [url, rate, seconds] = process.argv.slice(2).map((one, n) => (n ? Number(one) : one));
const token = await visit(url);
const tab = new Tab();
await tab.open(url, token);
const { conversation } = await tab.say(undefined, "first", "Good morning");

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
  void tab.say(conversation, `m-${number}`, "Good morning");
});
await until(() => took.length >= due.size);
clearInterval(looking);
console.log(JSON.stringify({ sent: due.size, lost: due.size - took.length, ...percentiles(took) }));
process.exit(0);
