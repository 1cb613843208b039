// What visitors and staff download, in bytes of gzip. Needs a build: `npm run build` first.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const dist = new URL("../../dist/", import.meta.url);
const built = existsSync(new URL("widget.js", dist));
const size = (path: string) => gzipSync(readFileSync(new URL(path, dist)), { level: 9 }).length;
const part = (name: string) => {
  const file = readdirSync(new URL("w/", dist)).find(
    (one) => one.startsWith(`${name}.`) && one.endsWith(".js"),
  );
  if (!file) throw new Error(`w/${name} was not built`);
  return `w/${file}`;
};

test.runIf(built).each([
  ["the loader", () => "widget.js", 2_000],
  ["the chat", () => part("chat"), 20_000],
  ["the connection, with the first message", () => part("line"), 2_500],
  ["files and voice, with the first of them", () => part("media"), 5_000],
])("%s stays within its budget", (_, path, budget) => {
  expect(size(path())).toBeLessThanOrEqual(budget);
});

test.runIf(built)("the chat loads nothing else by itself", () => {
  const code = readFileSync(new URL(part("chat"), dist), "utf8");
  expect(code).not.toMatch(/^import\b|[;}]import\s*["'{*]/);
});
