"""Measures the hub beside its peers: each on a core of its own, the load tester on another, in turns.

    python benches/peers/run.py max     [TARGET...]   the most messages a second with ack p99 below 50 ms
    python benches/peers/run.py steady  [TARGET...]   latency and CPU per message at 1,000 messages a second
    python benches/peers/run.py idle    [TARGET...]   memory per idle connection
    python benches/peers/run.py visits  [TARGET...]   CPU of a visit: session, socket, one message, gone
    python benches/peers/run.py connects [TARGET...]  CPU of ten thousand who come back: socket, hello, gone
    python benches/peers/run.py rooms   [TARGET...]   CPU per message in a conversation that 2 to 100 tabs follow
    python benches/peers/run.py stalled [TARGET...]   what ten tabs that read nothing cost, and what the others feel
    python benches/peers/run.py polled  [TARGET...]   delivery by socket beside that to who asks every three seconds
    python benches/peers/run.py commits               the hub on PostgreSQL beside pgbench's commits of one row

Targets: hub, hub-postgres, bare, bare-normal (axum with sqlx), bare-full (axum with rusqlite), node-none,
node-normal, node-full, channels-normal, channels-full. The hub and the load tester are target/release/concierge, or
what CONCIERGE_BIN names; benches/README.md says how the peers are installed.
Visitors arrive first; what counts is the time after that, in which all of them write and none comes or goes.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "benches"))

from postgres import Postgres  # noqa: E402
from served import Served, free_port, variables  # noqa: E402

HUB = os.environ.get("CONCIERGE_BIN", ROOT / "target/release/concierge")
PYTHON = os.environ.get("PEER_PYTHON", sys.executable)
ROUNDS = int(os.environ.get("ROUNDS", "3"))
VISITORS = 500
ARRIVING = 10
WRITING = 12
TARGETS = [
    "hub", "bare", "bare-normal", "bare-full", "node-none", "node-normal", "node-full", "channels-normal", "channels-full"
]


def command(target, port, folder):
    """The target's program, its arguments and its variables."""
    kind, _, durability = target.partition("-")
    if kind == "node":
        return ["node", HERE / "node/server.mjs", port, durability, folder], {}
    if kind == "channels":
        return [PYTHON, HERE / "channels/server.py", port, durability, folder], {}
    if kind == "bare":
        binary = os.environ.get("PEER_BARE", HERE / "bare/target/release/concierge-peer-bare")
        return [binary, port, *([durability, folder] if durability else [])], {}
    # As released, but for what a flood is refused by, and drafts, which no peer writes: they wait.
    settings = {
        "HTTP__LISTEN": f"127.0.0.1:{port}",
        "HTTP__REQUESTS_PER_MINUTE": "1000000",
        "STORE__FOLDER": folder,
        "SOCKETS__WORKSPACE_PER_SECOND": "1000000",
        "SOCKETS__PER_SECOND": "1000",
        "PIPELINE__SETTLE_MS": "3600000",
        "PIPELINE__SETTLE_TYPING_MS": "3600000",
        "LOG__FILTER": "error",
    }
    return [HUB, "serve", "--demo"], variables(settings)


class Target(Served):
    def __init__(self, name, cores="0"):
        self.name, self.cores = name, cores
        self.postgres = Postgres(free_port()) if name == "hub-postgres" else None
        super().__init__(self.on_its_cores)

    def on_its_cores(self, port, folder):
        arguments, added = command(self.name, str(port), folder)
        if self.postgres:
            added |= variables({"STORE__POSTGRES": self.postgres.url})
        return ["taskset", "-c", self.cores, *arguments], added

    def stop(self):
        super().stop()
        if self.postgres:
            self.postgres.stop()


def flood(rate, writing):
    """The scenario `flood` with visitors who stay and together write so many messages a second."""
    pause = 1000 * VISITORS / rate
    each = round((ARRIVING + writing) * 1000 / pause)
    text = (ROOT / "benches/scenarios/flood.toml").read_text()
    for old, new in [
        ("seconds = 10", f"seconds = {ARRIVING}"),
        ("arrivals = 20", f"arrivals = {VISITORS // ARRIVING}"),
        ("messages = [40, 40]", f"messages = [{each}, {each}]"),
        ("think_ms = [150, 250]", f"think_ms = [{round(pause * 0.75)}, {round(pause * 1.25)}]"),
    ]:
        text = text.replace(old, new)
    return text


def load(target, rate, writing=WRITING):
    """One run at about so many messages a second."""
    report, scenario = target.folder / "report.json", target.folder / "flood.toml"
    scenario.write_text(flood(rate, writing))
    arguments = ["load", "--scenario", scenario, "--url", target.url, "--json", report]
    run = subprocess.Popen(
        ["taskset", "-c", "1", str(HUB), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    # From a second after the last arrival to a second before the first leaves.
    time.sleep(ARRIVING + 1)
    used, since = target.cpu(), time.monotonic()
    time.sleep(writing - 3)
    used, since = target.cpu() - used, time.monotonic() - since
    run.wait()
    found = json.loads(report.read_text())
    seconds = found["series"][ARRIVING + 1 : ARRIVING + writing - 2]
    steady = statistics.mean(second["acked"] for second in seconds)
    p99 = statistics.median(second["ack_p99_ms"] for second in seconds)
    counts, times = found["counts"], found["times"]
    acked = counts.get("acked", 0)
    return {
        "rate": steady,
        "p50": times["ack"]["p50"],
        "p99": p99,
        "service_p50": times["service"]["p50"],
        "cpu_us": used * 1e6 / max(1, steady * since),
        "held": acked >= 0.999 * counts.get("sent", 0) and not found["violations"] and p99 < 50,
        "busy": found["generator"]["busy"],
        "late": found["generator"]["late_p99_ms"],
    }


def on(name, measure):
    """A measure of a target that is started for it, with an empty store."""
    target = Target(name)
    try:
        return measure(target)
    finally:
        target.stop()


def most(name):
    """The highest rate that is held, doubled as long as that goes and then in steps of a twentieth, each tried twice; and
    what it cost. Each try has a store of its own: one that is fast would else be tried with a fuller one."""
    best, step, held = None, 2, 75 if name.startswith("channels") else 600
    while True:
        rate = held * step
        tries = (on(name, lambda target: load(target, rate)) for _ in range(2))
        run = next((run for run in tries if run["held"]), None)
        if run:
            best, held = run, rate
        elif step == 2 and best:
            step = 1.05
        else:
            return best


def idle(target, visitors=5000):
    """KiB resident for each of so many visitors who wrote once and stay."""
    scenario = target.folder / "idle.toml"
    text = (ROOT / "benches/scenarios/flood.toml").read_text()
    text = text.replace("messages = [40, 40]", "messages = [1, 1]").replace("stay_ms = [200, 400]", "stay_ms = [60000, 60000]")
    scenario.write_text(text.replace("seconds = 10", "seconds = 25").replace("arrivals = 20", f"arrivals = {visitors // 25}"))
    before = target.resident()
    run = subprocess.Popen(
        ["taskset", "-c", "1", str(HUB), "load", "--scenario", str(scenario), "--url", target.url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    time.sleep(40)
    kib = (target.resident() - before) / visitors
    start = target.cpu()
    time.sleep(10)
    used = (target.cpu() - start) * 100
    run.kill()
    run.wait()
    return {"kib_per_connection": kib, "idle_cpu_ms_per_s": used}


def visits(target, seconds=20, arrivals=50):
    """CPU of a visitor who comes, writes once and leaves."""
    scenario = target.folder / "visits.toml"
    text = (ROOT / "benches/scenarios/flood.toml").read_text()
    text = text.replace("messages = [40, 40]", "messages = [1, 1]").replace("arrivals = 20", f"arrivals = {arrivals}")
    scenario.write_text(text.replace("seconds = 10", f"seconds = {seconds}"))
    used = target.cpu()
    subprocess.run(
        ["taskset", "-c", "1", str(HUB), "load", "--scenario", str(scenario), "--url", target.url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    return {"cpu_us_per_visit": (target.cpu() - used) * 1e6 / (seconds * arrivals)}


def client(target, program, *arguments):
    """A client of ours on the second core; returns when everybody is there and it begins to count."""
    words = ["taskset", "-c", "1", "node", HERE / "node" / program, target.url, *arguments]
    run = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True)
    run.stdout.readline()
    return run


def connects(target, rate=400, seconds=25):
    """CPU of a visitor who has a token, connects, is welcomed and leaves; ten thousand of them."""
    run = client(target, "connects.mjs", 200, rate, seconds)
    used = target.cpu()
    found = json.loads(run.stdout.readline())
    used = target.cpu() - used
    run.wait()
    return {"cpu_us_per_connect": used * 1e6 / found["came"], **found}


def polled(target):
    """Milliseconds until a message is seen: by socket, and by who asks every three seconds."""
    run = client(target, "polled.mjs", 20, 31)
    asked = json.loads(run.stdout.readline())
    run.wait()
    pushed = room(target, 2, 20, 15)
    return {"polled_p50": asked["p50"], "pushed_p50": pushed["p50"], "lost": asked["lost"] + pushed["lost"]}


def room(target, tabs, rate, seconds, stalled=0, length=64):
    """A conversation with so many tabs; CPU and memory of the server while one of them writes."""
    run = client(target, "room.mjs", tabs, rate, seconds, stalled, length)
    used, resident = target.cpu(), target.resident()
    time.sleep(seconds)
    used, resident = target.cpu() - used, target.resident() - resident
    found = json.loads(run.stdout.readline())
    run.wait()
    return {"cpu_us": used * 1e6 / found["sent"], "grown_kib": resident, **found}


# Rooms of ever more tabs, and the messages a second for about 5,000 deliveries.
SIZES = {2: 500, 5: 500, 10: 500, 20: 250, 50: 100, 100: 50}


def rooms(target):
    runs = {tabs: room(target, tabs, rate, 15) for tabs, rate in SIZES.items()}
    figures = {f"cpu_us_{tabs}": run["cpu_us"] for tabs, run in runs.items()}
    return figures | {"grows": runs[100]["cpu_us"] / runs[2]["cpu_us"], "lost": sum(run["lost"] for run in runs.values())}


def stalled(target):
    """Ten megabytes a run for each of ten tabs, without and with ten more that read nothing; the store's pages fill
    memory at first, so what a stalled tab costs is taken from the last runs."""
    room(target, 10, 500, 15, 0, 2000)
    runs = [room(target, 10, 500, 12, more, 2000) for more in (0, 10, 0, 10)]
    alone, beside = runs[2], runs[3]
    return {
        "p50_alone": alone["p50"],
        "p99_alone": alone["p99"],
        "p50": beside["p50"],
        "p99": beside["p99"],
        "kib_per_stalled": (beside["grown_kib"] - alone["grown_kib"]) / 10,
        "lost": sum(run["lost"] for run in runs),
    }


def commits(name):
    """What pgbench commits with one client and with 16, and the most messages that the hub stores there."""
    one, many = on(name, lambda target: [target.postgres.commits(clients) for clients in (1, 16)])
    return {"pgbench_1": one, "pgbench_16": many, **(most(name) or {"rate": 0})}


def steady(target):
    return load(target, 150 if target.name.startswith("channels") else 1000, 25)


# What is measured on one target from its start to its end, and what starts its own.
ON_ONE = {"steady": steady, "idle": idle, "visits": visits, "connects": connects, "rooms": rooms, "polled": polled, "stalled": stalled}
ON_SEVERAL = {"max": most, "commits": commits}


def main():
    mode = sys.argv[1]
    names = sys.argv[2:] or (["hub-postgres"] if mode == "commits" else TARGETS)
    results = {name: [] for name in names}
    for number in range(ROUNDS):
        for name in names:
            found = ON_SEVERAL[mode](name) if mode in ON_SEVERAL else on(name, ON_ONE[mode])
            results[name].append(found)
            print(number + 1, name, json.dumps(found), flush=True)
    for name, runs in results.items():
        runs = [run for run in runs if run]
        keys = [key for key in (runs[0] if runs else {}) if key != "held"]
        medians = {key: round(statistics.median(run[key] for run in runs), 2) for key in keys}
        print("median", name, json.dumps(medians))


if __name__ == "__main__":
    main()
