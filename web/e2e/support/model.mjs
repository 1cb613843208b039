// A server with OpenAI's chat API for the browser tests: it answers what the test tells it to.
import { createServer } from "node:http";

const event = (value) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (content) => event({ choices: [{ index: 0, delta: { content } }] });
const end = (reason) =>
  `${event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] })}${event({
    choices: [],
    usage: { prompt_tokens: 900, completion_tokens: 60 },
  })}data: [DONE]\n\n`;

/** `answer(request)` gives a text, or tool calls as `[name, arguments]` pairs, or a status. */
export async function startModel(answer) {
  let act = answer;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      const says = act(JSON.parse(body));
      if (typeof says === "number") {
        response.writeHead(says, { "content-type": "application/json" });
        response.end("{}");
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (typeof says === "string") {
        for (const word of says.split(/(?<= )/)) response.write(delta(word));
        response.end(end("stop"));
        return;
      }
      const tool_calls = says.map(([name, args], index) => ({
        index,
        id: `call_${index}`,
        type: "function",
        function: { name, arguments: JSON.stringify(args) },
      }));
      response.write(event({ choices: [{ index: 0, delta: { tool_calls } }] }));
      response.end(end("tool_calls"));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    becomes: (next) => {
      act = next;
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
