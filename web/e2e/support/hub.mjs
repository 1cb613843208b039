// Starts the real hub for a test: a free port, a folder of its own, the demo businesses in it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Nothing waits for its full length; a busy machine is given time before something counts as missing. */
export const PATIENCE = 45_000;

/** The staff of each demo business who sign in here. */
const OWNERS = {
  northgate: "marta@northgate.example",
  harbour: "aoife@harbour.example",
  linden: "ruth@linden.example",
};
const PASSWORD = "concierge-demo";

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A running hub, with the demo businesses or empty. Starting again keeps its folder and port. */
export async function startHub(settings = {}, { demo = true } = {}) {
  const binary = process.env.CONCIERGE_BIN;
  assert.ok(binary, "CONCIERGE_BIN must name the concierge binary");
  const folder = await mkdtemp(join(tmpdir(), "concierge-e2e-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child;
  let output = "";

  async function start() {
    child = spawn(binary, demo ? ["serve", "--demo"] : ["serve"], {
      cwd: folder,
      env: {
        ...process.env,
        CONCIERGE__HTTP__LISTEN: `127.0.0.1:${port}`,
        CONCIERGE__HTTP__PUBLIC_URL: url,
        CONCIERGE__HTTP__REQUESTS_PER_MINUTE: "100000",
        CONCIERGE__SESSIONS__ATTEMPTS_PER_MINUTE: "1000",
        CONCIERGE__STORE__FOLDER: folder,
        CONCIERGE__SOCKETS__DRAIN_SPREAD_MS: "200",
        ...settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text) => {
        output = (output + text).slice(-8_000);
      });
    const until = Date.now() + PATIENCE;
    for (;;) {
      const ready = await fetch(`${url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ready) return;
      assert.ok(child.exitCode === null && Date.now() < until, `the hub did not start:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function stop(signal = "SIGTERM") {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    url,
    port,
    start,
    stop,
    output: () => output,
    close: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A colleague at the desk, by the HTTP interface. */
export async function signIn(hub, slug = "northgate") {
  const answer = await fetch(`${hub.url}/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: hub.url },
    body: JSON.stringify({ workspace: slug, email: OWNERS[slug], password: PASSWORD }),
  });
  assert.ok(answer.ok, `signing in failed with ${answer.status}: ${await answer.clone().text()}`);
  const cookie = answer.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ");

  async function call(method, path, body) {
    const response = await fetch(hub.url + path, {
      method,
      headers: { cookie, origin: hub.url, ...(body ? { "content-type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path} gave ${response.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** The newest conversation whose last words hold a text. */
  async function conversationWith(text) {
    return eventually(async () => {
      const { items } = await call("GET", "/v1/conversations?view=open&limit=50");
      return items.find((one) => one.last_message?.text.includes(text));
    }, `a conversation with "${text}"`);
  }

  return {
    url: hub.url,
    call,
    cookie,
    conversationWith,
    entries: async (conversation) => (await call("GET", `/v1/conversations/${conversation}/entries`)).entries,
    /** Answers in person. */
    reply: (conversation, body) =>
      call("POST", `/v1/conversations/${conversation}/messages`, { client_id: crypto.randomUUID(), body }),
    /** Waits for the finished draft that answers the newest message. */
    draft: (conversation) =>
      eventually(async () => {
        const { items } = await call("GET", "/v1/drafts?status=pending&limit=100");
        return items.find(({ draft }) => draft.conversation === conversation && draft.status === "pending")
          ?.draft;
      }, "a draft"),
    approve: (draft, text) =>
      call("POST", `/v1/drafts/${draft.id}/approve`, {
        revision: draft.revision,
        hash: draft.hash,
        ...(text ? { text } : {}),
      }),
  };
}

/** Asks again until there is an answer. */
export async function eventually(look, what, within = PATIENCE) {
  const until = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < until, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
}
