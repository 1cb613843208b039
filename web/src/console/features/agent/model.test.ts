import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bundle, differences, events } from "./model.ts";

const bundle: Bundle = {
  role: "front desk",
  personality: "calm",
  instructions: "Be exact.",
  tools: ["search_knowledge", "hand_over"],
  guards: { never_say: [], always_person: [], only_supported: false },
  model: { built_in: false },
  examples: [],
};

test("only what differs is named, and the order of tools is no difference", () => {
  const other = { ...bundle, tools: ["hand_over", "search_knowledge"], personality: "warm" };
  assert.deepEqual(differences({ agent: "a", bundle }, { agent: "a", bundle: other }), [
    { part: "personality", from: "calm", to: "warm" },
  ]);
  assert.deepEqual(differences({ agent: "a", bundle }, { agent: "a", bundle }), []);
  const guarded = { ...bundle, guards: { ...bundle.guards, never_say: ["refund"] } };
  assert.deepEqual(
    differences({ agent: "a", bundle }, { agent: "b", bundle: guarded }).map((one) => one.part),
    ["agent", "guards"],
  );
});

test("events are cut where they end, wherever the network cut them", () => {
  const text = 'event: begun\ndata: {"stage":"draft"}\n\nevent: text\ndata: {"offset":0,"te';
  const first = events(text);
  assert.deepEqual(first.steps, [{ kind: "begun", stage: "draft" }]);
  const second = events(`${first.rest}xt":"Hello"}\n\n: ping\n\n`);
  assert.deepEqual(second.steps, [{ kind: "text", offset: 0, text: "Hello" }]);
  assert.equal(second.rest, "");
});
