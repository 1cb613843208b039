// Builds everything the hub serves into dist/: pages, widget, and a .br and .gz beside each text file.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const config = (name) => ({ root, configFile: join(root, name), logLevel: "warn" });

await rm(dist, { recursive: true, force: true });
await build(config("vite.config.ts"));
const [widget] = await build(config("vite.widget.config.ts"));
const chat = widget.output.find((file) => file.type === "chunk" && file.isEntry);
process.env.WIDGET_CHAT = chat.fileName;
await build(config("vite.widget.config.ts"));

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|html|svg|json|webmanifest)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const bytes = await readFile(path);
  if (bytes.length < 400) continue;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  await writeFile(`${path}.br`, brotliCompressSync(bytes, quality));
  await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
