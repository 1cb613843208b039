// A server of tools that speaks the Model Context Protocol over HTTP, as small as one can be.
import { createServer } from "node:http";

const takes = (properties) => ({ type: "object", properties, required: Object.keys(properties) });

/** Starts it; `tools` may be exchanged at any time. */
export async function startTools() {
  const state = {
    calls: [],
    tools: [
      {
        name: "find_order",
        title: "Find an order",
        description: "Finds an order by its number.",
        inputSchema: takes({ number: { type: "string" } }),
        annotations: { readOnlyHint: true },
      },
      {
        name: "refund",
        title: "Pay back",
        description: "Pays an order back to the customer.",
        inputSchema: takes({ number: { type: "string" }, cents: { type: "integer" } }),
      },
    ],
  };
  const answers = {
    initialize: () => ({
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "shop", version: "1" },
    }),
    "tools/list": () => ({ tools: state.tools }),
    "tools/call": ({ name, arguments: given }) => {
      state.calls.push([name, given]);
      return { content: [{ type: "text", text: `Order ${given.number} left on Monday.` }] };
    },
  };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece) => {
      text += piece;
    });
    request.on("end", () => {
      if (request.method !== "POST") return response.writeHead(405).end();
      const { id, method, params } = JSON.parse(text);
      if (id === undefined) return response.writeHead(202).end();
      const answer = answers[method];
      const body = answer
        ? { jsonrpc: "2.0", id, result: answer(params) }
        : { jsonrpc: "2.0", id, error: { code: -32601, message: "no such method" } };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return { state, host, url: `http://${host}/mcp`, close: () => server.close() };
}
