// Runs the unit tests and ends with one line that says how many there were.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startVitest } from "vitest/node";

const folder = await mkdtemp(join(tmpdir(), "concierge-web-"));
const outputFile = join(folder, "report.json");
const vitest = await startVitest("test", process.argv.slice(2), {
  watch: false,
  reporters: ["default", "json"],
  outputFile: { json: outputFile },
});
await vitest.close();
const report = JSON.parse(await readFile(outputFile, "utf8"));
await rm(folder, { recursive: true });
console.log(`web: ${report.numPassedTests} passed, ${report.numFailedTests} failed`);
process.exit(report.success ? 0 : 1);
