// A host page of another origin than the hub, with whatever headers and styles a test wants.
import { createServer } from "node:http";

/** `page` gives the HTML for a path; `policy` is its Content-Security-Policy. */
export async function startHost(pages) {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url, "http://host").pathname];
    if (!page) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": page.type ?? "text/html; charset=utf-8",
      ...(page.policy ? { "content-security-policy": page.policy } : {}),
    });
    response.end(page.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
