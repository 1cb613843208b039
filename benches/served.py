"""A server under measurement: a process of its own, in a folder of its own, on a free port of loopback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def variables(settings):
    """The hub's settings as the variables it reads."""
    return {f"CONCIERGE__{name}": str(value) for name, value in settings.items()}


class Served:
    """Starts what `command(port, folder)` gives as arguments and variables, and waits until it is ready and calm."""

    def __init__(self, command):
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments, added = command(port, self.folder)
        self.process = subprocess.Popen(
            [str(one) for one in arguments], env=os.environ | added, stdout=subprocess.DEVNULL, cwd=self.folder
        )
        self.await_ready()
        self.settle()

    def await_ready(self):
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        sys.exit("the server did not start")

    def settle(self):
        """What is done once after a start, such as learning intents, is not the load's."""
        for _ in range(120):
            before = self.cpu()
            time.sleep(1)
            if self.cpu() - before < 0.03:
                return

    def cpu(self):
        """Seconds of processor time so far."""
        return seconds(Path(f"/proc/{self.process.pid}/stat"))

    def resident(self):
        """KiB in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def seconds(stat):
    """The processor time of a process or of a thread, from its `stat`."""
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
