"""CPU per message of nats-server's WebSocket, which stores and acknowledges nothing: the peer of G4 and G9.

    python benches/peers/nats.py [RATE...]    500 clients, each with a subject of its own
    python benches/peers/nats.py rooms        one subject that ever more follow, as run.py's rooms

The server runs on one core, its clients on another, as in run.py. On Debian: apt-get install nats-server.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from run import SIZES  # noqa: E402
from served import free_port, seconds  # noqa: E402

SECONDS = 10


def measure(rate, clients=500, followers=1):
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="bench-nats-"))
    settings = f"port: {free_port()}\nhost: 127.0.0.1\nwebsocket {{ host: 127.0.0.1, port: {port}, no_tls: true }}\n"
    (folder / "nats.conf").write_text(settings)
    server = subprocess.Popen(
        ["taskset", "-c", "0", "nats-server", "-c", folder / "nats.conf"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        client = ["taskset", "-c", "1", "node", HERE / "node/nats.mjs", port, clients, rate, SECONDS, followers]
        run = subprocess.Popen([str(one) for one in client], stdout=subprocess.PIPE, text=True)
        run.stdout.readline()
        used = seconds(Path(f"/proc/{server.pid}/stat"))
        found = json.loads(run.stdout.readline())
        used = seconds(Path(f"/proc/{server.pid}/stat")) - used
        run.wait()
        return {"cpu_us": used * 1e6 / found["sent"], **found}
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["rooms"]:
        runs = ((tabs, measure(rate, tabs, tabs)) for tabs, rate in SIZES.items())
    else:
        runs = ((asked, measure(float(asked))) for asked in sys.argv[1:] or [1000, 12000])
    for asked, found in runs:
        print(asked, json.dumps(found), flush=True)
