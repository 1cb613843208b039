"""Plays what a busy hub does for a binary that counts what it runs; scripts/tuned.sh builds the next one by the counts.

    CONCIERGE_BIN=BINARY python3 benches/tuning.py

Lone messages, floods in ever larger groups, customers who come back, and a working day with drafts, staff and voice
messages, on SQLite and, where its server is installed, a flood on PostgreSQL.
"""

import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "peers"))

from postgres import binaries  # noqa: E402
from run import HUB, Target, load  # noqa: E402
from served import Served, variables  # noqa: E402

LONE, CROWDED = 1000, (8000, 15000)
ON_POSTGRES = 3000
DAY_SECONDS = 40


def in_the_demo(port, folder):
    settings = {"HTTP__LISTEN": f"127.0.0.1:{port}", "STORE__FOLDER": folder, "LOG__FILTER": "error"}
    return [HUB, "serve", "--demo"], variables(settings)


def play(target, what):
    """Ends the target as a stopping service would: its counts are written then."""
    try:
        return what(target)
    finally:
        target.process.send_signal(signal.SIGTERM)
        target.process.wait(60)
        target.stop()


def a_day(target):
    arguments = ["load", "--scenario", "busy-day", "--seconds", DAY_SECONDS, "--url", target.url]
    run = subprocess.run([str(one) for one in (HUB, *arguments)], stdout=subprocess.DEVNULL)
    if run.returncode:
        sys.exit(f"the working day ended with {run.returncode}")


def flood(name, rate):
    print(f"{rate} messages a second, {name}", flush=True)
    stored = play(Target(name), lambda target: load(target, rate))["rate"]
    # On a busy machine fewer, in larger groups: their counts are as good.
    if not stored:
        sys.exit("nothing was stored, so nothing was counted")
    print(f"  {stored:.0f} were stored", flush=True)


def main():
    print(f"a working day in {DAY_SECONDS} seconds", flush=True)
    play(Served(in_the_demo), a_day)
    for rate in (LONE, *CROWDED):
        flood("hub", rate)
    try:
        binaries()
    except SystemExit as missing:
        print(f"without PostgreSQL: {missing}", flush=True)
    else:
        flood("hub-postgres", ON_POSTGRES)


main()
