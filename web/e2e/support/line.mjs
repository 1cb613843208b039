// A line between a browser and the hub that can be hurt where it hurts: on the way there, on the way
// back, or altogether.
import { connect, createServer } from "node:net";

/** Starts a line to the hub; browsers use its address in place of the hub's. */
export async function startLine(hub) {
  const pairs = new Set();
  let state = "well";

  const server = createServer((client) => {
    if (state === "cut") {
      client.destroy();
      return;
    }
    const far = connect(hub.port, "127.0.0.1");
    const pair = { client, far };
    pairs.add(pair);
    client.on("data", (bytes) => state !== "mute" && far.write(bytes));
    far.on("data", (bytes) => state !== "deaf" && client.write(bytes));
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      far.destroy();
    };
    for (const socket of [client, far]) for (const event of ["error", "close", "end"]) socket.on(event, end);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  function drop() {
    for (const { client, far } of pairs) {
      client.destroy();
      far.destroy();
    }
    pairs.clear();
  }

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** The hub hears the browser, the browser does not hear the hub: an answer is lost. */
    deaf: () => {
      state = "deaf";
    },
    /** The browser's words are lost on the way. */
    mute: () => {
      state = "mute";
    },
    /** The line is down, and nobody comes through. */
    cut: () => {
      state = "cut";
      drop();
    },
    /** What there was is dropped, and from here on all is well. */
    mend: () => {
      state = "well";
      drop();
    },
    close: () => {
      drop();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
