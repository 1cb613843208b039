// What visitors and staff download, in bytes of gzip, read from the build in dist/.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const bytes = (path) => gzipSync(readFileSync(new URL(path, dist)), { level: 9 }).length;
const widget = (name) =>
  `w/${readdirSync(new URL("w/", dist)).find((file) => file.startsWith(`${name}.`) && file.endsWith(".js"))}`;
const manifest = () => JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** The scripts a page or a route loads at once: itself and what it imports statically. */
function closure(chunks, key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const other of chunks[key].imports ?? []) closure(chunks, other, seen);
  return seen;
}
const total = (chunks, keys) => [...keys].reduce((sum, key) => sum + bytes(chunks[key].file), 0);

function within(t, size, budget) {
  t.diagnostic(`${size} of ${budget} bytes`);
  assert.ok(size <= budget, `${size} bytes, ${budget} are allowed`);
}

test("the widget's loader stays within 2 KB", (t) => within(t, bytes("widget.js"), 2_000));
test("the chat stays within 20 KB", (t) => within(t, bytes(widget("chat")), 20_000));
test("the connection, loaded with the first message, stays within 2.5 KB", (t) =>
  within(t, bytes(widget("line")), 2_500));
test("files and voice, loaded after the first message, stay within 5 KB", (t) =>
  within(t, bytes(widget("media")), 5_000));
test("the way of files to the hub, loaded with the first of them, stays within 2 KB", (t) =>
  within(t, bytes(widget("blobs")), 2_000));
test("recording, loaded after files and voice, stays within 2 KB", (t) =>
  within(t, bytes(widget("voice")), 2_000));
test("the question at the end, loaded when a conversation is closed, stays within 2 KB", (t) =>
  within(t, bytes(widget("rating")), 2_000));

test("the chat loads nothing else by itself", () => {
  const code = readFileSync(new URL(widget("chat"), dist), "utf8");
  assert.doesNotMatch(code, /(^|[;}])import\s*["'{*]/);
});

test("the console's shell stays within 200 KB", (t) => {
  const chunks = manifest();
  within(t, total(chunks, closure(chunks, "console.html")), 200_000);
});

test("the approvals and inbox routes stay within 30 KB beyond the shell", (t) => {
  const chunks = manifest();
  const shell = closure(chunks, "console.html");
  const routes = Object.keys(chunks).filter((key) => /features\/(approvals|inbox)\/\w+\.tsx$/.test(key));
  assert.ok(routes.length > 0, "no route was found");
  for (const route of routes) {
    const own = [...closure(chunks, route)].filter((key) => !shell.has(key));
    within(t, total(chunks, own), 30_000);
  }
});
