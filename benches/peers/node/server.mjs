// A hub of the usual kind, to be measured beside ours: Node, `ws` and better-sqlite3, one INSERT per message.
// It speaks as much of our protocol as `concierge load --scenario flood` needs, and has neither rights nor
// limits nor agents.
//
//   node server.mjs PORT none|normal|full [FOLDER]
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import Database from "better-sqlite3";
import { WebSocketServer } from "ws";

const [port, durability, folder = "."] = process.argv.slice(2);
const id = (kind) => `${kind}_${base32(randomUUID())}`;
const visitors = new Map(); // by token
const rooms = new Map(); // conversation -> { seq, kept, members }
const store = durability === "none" ? memory() : sqlite();

// Ids look as ours do: 26 digits of Crockford's base 32.
function base32(uuid) {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  let value = BigInt(`0x${uuid.replaceAll("-", "")}`);
  let text = "";
  for (let n = 0; n < 26; n++, value >>= 5n) text = digits[Number(value & 31n)] + text;
  return text;
}

function sqlite() {
  const db = new Database(join(folder, "peer.db"));
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${durability}`);
  db.exec(`CREATE TABLE IF NOT EXISTS messages (
    conversation TEXT, seq INTEGER, client_id TEXT, actor TEXT, body TEXT, at TEXT,
    PRIMARY KEY (conversation, seq), UNIQUE (conversation, client_id))`);
  const insert = db.prepare("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)");
  const after = db.prepare("SELECT * FROM messages WHERE conversation = ? AND seq > ? ORDER BY seq LIMIT ?");
  const known = db.prepare("SELECT seq FROM messages WHERE conversation = ? AND client_id = ?");
  return {
    add: (m) => insert.run(m.conversation, m.seq, m.client_id, m.actor, m.body, m.at),
    after: (conversation, seq, limit) => after.all(conversation, seq, limit),
    known: (conversation, client) => known.get(conversation, client)?.seq,
  };
}

function memory() {
  const kept = new Map();
  const of = (conversation) => kept.get(conversation) ?? kept.set(conversation, []).get(conversation);
  return {
    add: (m) => of(m.conversation).push(m),
    after: (conversation, seq, limit) => of(conversation).slice(seq, seq + limit),
    known: (conversation, client) => of(conversation).find((m) => m.client_id === client)?.seq,
  };
}

const entry = (m) => ({
  seq: m.seq,
  prev: m.seq - 1,
  audience: "everyone",
  actor: { kind: "contact", id: m.actor },
  author: "Visitor",
  body: m.body,
  content: { kind: "message" },
  client_id: m.client_id,
  at: m.at,
});

const server = createServer(async (request, response) => {
  const answer = (body) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  };
  const url = new URL(request.url, "http://peer");
  if (request.method === "POST") {
    for await (const _ of request);
    const contact = { id: id("ctc"), name: "Visitor" };
    const token = randomUUID();
    visitors.set(token, contact);
    return answer({ visitor_key: randomUUID(), token, contact, conversation: null });
  }
  const conversation = url.pathname.match(/^\/v1\/conversations\/([^/]+)\/entries$/)?.[1];
  if (!conversation) return answer({});
  const limit = Number(url.searchParams.get("limit") ?? 200);
  const found = store.after(conversation, Number(url.searchParams.get("after") ?? 0), limit);
  return answer({ entries: found.map(entry), more: found.length === limit });
});

const sockets = new WebSocketServer({ server, path: "/v1/socket", perMessageDeflate: false });
sockets.on("connection", (socket) => {
  let visitor = null;
  let joined = null;
  const reply = (ref, ok) => socket.send(JSON.stringify({ type: "reply", ref, ok }));
  socket.on("message", (data) => {
    const { ref, cmd, ...rest } = JSON.parse(data);
    if (cmd === "hello") {
      visitor = visitors.get(rest.token);
      return reply(ref, {
        is: "welcome",
        you: { as: "contact", id: visitor.id },
        workspace: `wsp_${"0".repeat(26)}`,
        epoch: "peer",
        ping_ms: 25000,
      });
    }
    if (cmd === "join") {
      joined = rest.conversation;
      rooms.get(joined)?.members.add(socket);
      const entries = store.after(joined, rest.after, 1000).map(entry);
      return reply(ref, { is: "joined", conversation: joined, epoch: "peer", resync: false, entries, more: false });
    }
    const conversation = rest.conversation ?? id("cnv");
    const room = rooms.get(conversation) ?? { seq: 0, members: new Set() };
    rooms.set(conversation, room);
    const known = store.known(conversation, rest.client_id);
    if (known) return reply(ref, { is: "posted", conversation, seq: known, duplicate: true });
    const at = new Date().toISOString();
    const message = { conversation, seq: ++room.seq, client_id: rest.client_id, actor: visitor.id, body: rest.body, at };
    store.add(message);
    const event = JSON.stringify({ type: "event", conversation, entry: entry(message) });
    for (const member of room.members) member.send(event);
    return reply(ref, { is: "posted", conversation, seq: room.seq, duplicate: false });
  });
  socket.on("close", () => rooms.get(joined)?.members.delete(socket));
});

server.listen(Number(port), "127.0.0.1", 4096, () => console.log(`listening on ${port}, ${durability}`));
