"""Deliveries a second of the hub on one core and on two (G14): twenty conversations with fifty followers each, as many
messages as it takes.

    python benches/peers/workers.py [ROUNDS]

Whoever follows takes part in the cores that are measured, so it must cost next to nothing: it reads each socket
ten times a second, many messages at once, and looks for no more than where an event begins.
"""

import base64
import json
import os
import socket
import statistics
import sys
import time
import urllib.request

from run import Target

CONVERSATIONS = 20
FOLLOWERS = 50
AHEAD = 120
SECONDS = 8
LOOK = 0.1
EVENT = b'"type":"event"'


def frame(command):
    """A text frame of ours; its mask is zeros, which leaves the text as it is."""
    text = json.dumps(command).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


class Follower:
    def __init__(self, address, token):
        self.socket = socket.create_connection(address)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /v1/socket HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.kept, self.seen = b"", 0
        self.until(b"\r\n\r\n")
        self.ask("hello", token=token)

    def ask(self, command, **rest):
        self.socket.sendall(frame({"ref": "1", "cmd": command, **rest}))
        return self.until(b'"ref":"1"')

    def until(self, sign):
        came = b""
        while sign not in came:
            came += self.socket.recv(65536)
        return came

    def look(self):
        """Reads what has come without waiting for more."""
        try:
            came = self.kept + self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        if came == self.kept:
            raise SystemExit("the hub has cut a line")
        self.seen += came.count(EVENT)
        # An event may begin at the end of it.
        self.kept = came[-len(EVENT) + 1 :]


class Conversation:
    def __init__(self, url):
        opened = urllib.request.Request(
            f"{url}/v1/widget/northgate/sessions", b"{}", {"content-type": "application/json"}
        )
        token = json.load(urllib.request.urlopen(opened))["token"]
        host, port = url.removeprefix("http://").split(":")
        self.followers = [Follower((host, int(port)), token) for _ in range(FOLLOWERS)]
        self.writer, self.sent = self.followers[0], 0
        first = self.writer.ask("send", conversation=None, client_id="first", body="Good morning")
        self.id = json.loads(first[first.index(b"{", first.index(b'"ok"')) :].split(b"}")[0] + b"}")["conversation"]
        for one in self.followers:
            one.ask("join", conversation=self.id, after=1, epoch=None)
            one.socket.setblocking(False)
            one.seen = 0

    def writes_on(self):
        """Keeps the hub busy, and no further ahead of the slowest follower than a line of its queue."""
        missing = self.least() + AHEAD - self.sent
        if missing * 2 < AHEAD:
            return
        self.sent += missing
        body = "x" * 64
        self.writer.socket.sendall(
            b"".join(
                frame({"ref": "2", "cmd": "send", "conversation": self.id, "client_id": f"{self.sent - n}", "body": body})
                for n in range(missing)
            )
        )

    def least(self):
        return min(one.seen for one in self.followers)

    def seen(self):
        return sum(one.seen for one in self.followers)


def look(conversations, until):
    while time.monotonic() < until:
        begun = time.monotonic()
        for one in conversations:
            for follower in one.followers:
                follower.look()
            one.writes_on()
        time.sleep(max(0, LOOK - (time.monotonic() - begun)))


def measure(cores):
    os.environ["CONCIERGE__SOCKETS__BURST"] = "1000"
    # Beside a hub on one core whoever follows has the other; a hub on both shares them.
    os.sched_setaffinity(0, {1} if cores == "0" else {0, 1})
    target = Target("hub", cores)
    try:
        conversations = [Conversation(target.url) for _ in range(CONVERSATIONS)]
        look(conversations, time.monotonic() + 2)
        used, ours, since = target.cpu(), time.process_time(), time.monotonic()
        before = sum(one.seen() for one in conversations)
        look(conversations, since + SECONDS)
        took = time.monotonic() - since
        used, ours = target.cpu() - used, time.process_time() - ours
        seen = sum(one.seen() for one in conversations) - before
        return {
            "deliveries": seen / took,
            "cpu_us": used * 1e6 / seen,
            "cores": used / took,
            "client_cores": ours / took,
        }
    finally:
        target.stop()


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 3
    ratios = []
    for number in range(rounds):
        one, two = (measure(cores) for cores in ("0", "0,1"))
        ratios.append(two["deliveries"] / one["deliveries"])
        for cores, found in ((1, one), (2, two)):
            print(number + 1, cores, json.dumps({name: round(value, 2) for name, value in found.items()}), flush=True)
    print("ratio", round(statistics.median(ratios), 2), [round(one, 2) for one in ratios])


if __name__ == "__main__":
    main()
