"""A PostgreSQL server of a measurement's own, as its packages set it up: every commit waits for the disk."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ONE_ROW = """\\set conversation random(1, 500)
INSERT INTO entries (conversation, author, body) VALUES (:conversation, 'customer', repeat('x', 64));
"""


def binaries():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return found[-1]
    server = shutil.which("postgres")
    return Path(server).parent if server else sys.exit("no PostgreSQL server; on Debian: apt-get install postgresql")


class Postgres:
    def __init__(self, port):
        self.bin, self.port = binaries(), port
        self.folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
        data = self.folder / "data"
        # It refuses to run as root; Debian's package brings a user for it.
        self.user = "postgres" if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self.run("initdb", "-D", data, "-U", "concierge", "--auth=trust", "-E", "UTF8")
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]
        self.server = subprocess.Popen(
            [self.bin / "postgres", "-D", data, "-p", str(port), "-k", data, *options],
            user=self.user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        while subprocess.run([self.bin / "pg_isready", "-q", *self.address()]).returncode:
            time.sleep(0.1)
        self.run("createdb", *self.address(), "hub")
        self.url = f"postgres://concierge@127.0.0.1:{port}/hub"

    def address(self):
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "concierge"]

    def run(self, program, *arguments, text=None):
        command = [str(one) for one in (self.bin / program, *arguments)]
        done = subprocess.run(command, user=self.user, input=text, capture_output=True, text=True, cwd="/")
        if done.returncode:
            sys.exit(f"{program}: {done.stderr}")
        return done.stdout

    def commits(self, clients, seconds=10):
        """Commits of one row a second, by pgbench with so many clients."""
        self.run("psql", *self.address(), "-q", "hub", text="""CREATE SCHEMA IF NOT EXISTS bench;
            CREATE TABLE IF NOT EXISTS bench.entries (id bigserial PRIMARY KEY, conversation bigint NOT NULL,
                author text NOT NULL, body text NOT NULL)""")
        script = self.folder / "one-row.sql"
        script.write_text(ONE_ROW.replace("INTO entries", "INTO bench.entries"))
        said = self.run("pgbench", *self.address(), "-n", "-M", "prepared", "-f", script, "-c", clients, "-T", seconds, "hub")
        return float(re.search(r"tps = ([0-9.]+)", said)[1])

    def stop(self):
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
