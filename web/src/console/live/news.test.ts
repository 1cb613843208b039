import { QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { queries } from "../api";
import { newsOf, renew } from "./news";

/** A screen that shows what the hub answers, and the hub's side of it. */
function screen(key: string) {
  const asked: ((answer: string) => void)[] = [];
  const observer = new QueryObserver(queries, {
    queryKey: [key],
    queryFn: () => new Promise<string>((resolve) => void asked.push(resolve)),
  });
  const leave = observer.subscribe(() => {});
  const answer = async (text: string) => {
    asked.at(-1)?.(text);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { asked, answer, leave, shows: () => observer.getCurrentResult().data };
}

test("news during the first answer has it asked once more", async () => {
  const { asked, answer, leave, shows } = screen("first");
  newsOf(["first"]);
  newsOf(["first"]);
  renew(["first"]);
  expect(asked.length).toBe(1);
  await answer("old");
  expect(asked.length).toBe(2);
  await answer("new");
  expect(shows()).toBe("new");
  expect(asked.length).toBe(2);
  leave();
  queries.clear();
});

test("news between answers: a patch asks nothing, a renewal asks at once", async () => {
  const { asked, answer, leave, shows } = screen("between");
  await answer("old");
  newsOf(["between"]);
  expect(asked.length).toBe(1);
  renew(["between"]);
  expect(asked.length).toBe(2);
  renew(["between"]);
  await answer("older than the second news");
  expect(asked.length).toBe(3);
  await answer("new");
  expect(shows()).toBe("new");
  leave();
  queries.clear();
});
