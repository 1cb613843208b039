import { expect, test } from "vitest";
import { type Bundle, differences, events } from "./model";

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
  expect(differences({ agent: "a", bundle }, { agent: "a", bundle: other })).toEqual([
    { part: "personality", from: "calm", to: "warm" },
  ]);
  expect(differences({ agent: "a", bundle }, { agent: "a", bundle })).toEqual([]);
  const guarded = { ...bundle, guards: { ...bundle.guards, never_say: ["refund"] } };
  const parts = differences({ agent: "a", bundle }, { agent: "b", bundle: guarded }).map((one) => one.part);
  expect(parts).toEqual(["agent", "guards"]);
});

test("events are cut where they end, wherever the network cut them", () => {
  const text = 'event: begun\ndata: {"stage":"draft"}\n\nevent: text\ndata: {"offset":0,"te';
  const first = events(text);
  expect(first.steps).toEqual([{ kind: "begun", stage: "draft" }]);
  const second = events(`${first.rest}xt":"Hello"}\n\n: ping\n\n`);
  expect(second.steps).toEqual([{ kind: "text", offset: 0, text: "Hello" }]);
  expect(second.rest).toBe("");
});
