"""How much longer a message waits while two recordings are transcribed: both halves in turns, each with a hub of its own.

    CONCIERGE_WHISPER_MODEL=ggml-base-q5_1.bin python3 benches/speech.py [--rounds 3] [--seconds 30] [--fail-above 1.2]

One half is `concierge load` alone, the other the same load while the hub listens to two recordings of five minutes,
one thread each. No recording ends within a half, so nothing but the listening is added. What counts is `service`:
from the moment a message was sent until it is acknowledged. The program is target/release/concierge, or CONCIERGE_BIN.
"""

import argparse
import http.cookies
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import wave
from pathlib import Path

from served import Served, seconds, variables

ROOT = Path(__file__).resolve().parent.parent
HUB = os.environ.get("CONCIERGE_BIN", ROOT / "target/release/concierge")
SPOKEN = ROOT / "tests/data/speech/hours.wav"
RECORDING_SECONDS = 300
# Two are listened to, the others stand behind them.
RECORDINGS = 6
TIMES = ["service", "ack", "delivery", "draft"]


class Hub(Served):
    def __init__(self, model):
        settings = {
            "HTTP__SECURE_COOKIES": "false",
            "HTTP__REQUESTS_PER_MINUTE": "1000000",
            "SPEECH__MODEL": Path(model).resolve(),
            "SPEECH__AT_ONCE": "2",
            "SPEECH__THREADS": "1",
            "SPEECH__PATIENCE_SECONDS": "3600",
            "LOG__FILTER": "error",
        }

        def command(port, folder):
            place = {"HTTP__LISTEN": f"127.0.0.1:{port}", "HTTP__PUBLIC_URL": f"http://127.0.0.1:{port}", "STORE__FOLDER": folder}
            return [HUB, "serve", "--demo"], variables(settings | place)

        super().__init__(command)

    def listening(self):
        """Seconds of processor time that each listening thread has had."""
        all = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                if (task / "comm").read_text().strip() == "speech":
                    all.append(seconds(task / "stat"))
            except OSError:
                pass  # It has ended meanwhile.
        return all

    def call(self, path, body, kind, cookie=None):
        headers = {"content-type": kind, "origin": self.url} | ({"cookie": cookie} if cookie else {})
        return urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60)

    def leave_voicemails(self, recording):
        who = {"workspace": "northgate", "email": "marta@northgate.example", "password": "concierge-demo"}
        answer = self.call("/v1/session", json.dumps(who).encode(), "application/json")
        cookies = http.cookies.SimpleCookie()
        for header in answer.headers.get_all("set-cookie"):
            cookies.load(header)
        cookie = "; ".join(f"{name}={one.value}" for name, one in cookies.items())
        for number in range(RECORDINGS):
            fields = {"phone": f"+44161496000{number}", "name": "", "client_id": f"voicemail-{number}"}
            parts = [f'--part\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
            parts.append(b'--part\r\ncontent-disposition: form-data; name="file"; filename="call.wav"\r\ncontent-type: audio/wav\r\n\r\n' + recording)
            self.call("/v1/voicemails", b"".join(parts) + b"\r\n--part--\r\n", "multipart/form-data; boundary=part", cookie).close()
        for _ in range(600):
            if sum(one > 0.2 for one in self.listening()) >= 2:
                return
            time.sleep(0.1)
        sys.exit("the hub does not listen to two recordings")

    def ended(self):
        """Transcriptions that ended, and threads that were begun again because they got no core."""
        text = urllib.request.urlopen(f"{self.url}/metrics", timeout=10).read().decode()
        total = lambda name: sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))
        return total("concierge_transcriptions_total"), total("concierge_transcriptions_starved_total")


def recording():
    """Five minutes of the sentence, again and again."""
    with wave.open(str(SPOKEN), "rb") as spoken:
        kind, sound = spoken.getparams(), spoken.readframes(spoken.getnframes())
    length = RECORDING_SECONDS * kind.framerate * kind.nchannels * kind.sampwidth
    path = Path(tempfile.mkstemp(suffix=".wav")[1])
    with wave.open(str(path), "wb") as file:
        file.setparams(kind)
        file.writeframes((sound * (length // len(sound) + 1))[:length])
    try:
        return path.read_bytes()
    finally:
        path.unlink()


def half(options, sound):
    """One run of the load; with a sound, while it is listened to."""
    hub = Hub(options.model)
    try:
        if sound:
            hub.leave_voicemails(sound)
        before, began, report = sum(hub.listening()), time.monotonic(), hub.folder / "report.json"
        load = [str(HUB), "load", "--scenario", options.scenario, "--url", hub.url]
        load += ["--seconds", str(options.seconds), "--json", str(report)]
        played = subprocess.run(load, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if played.returncode != 0:
            sys.exit(f"the load failed: {played.stderr[-2000:]}")
        lasted = time.monotonic() - began
        found = json.loads(report.read_text())
        run = {f"{name}_{share}": found["times"][name][share] for name in TIMES if name in found["times"] for share in ("p50", "p90")}
        run |= {"messages": found["counts"].get("acked", 0), "generator_late_p99": found["generator"]["late_p99_ms"]}
        if sound:
            ended, starved = hub.ended()
            threads = hub.listening()
            if ended > 0 or len(threads) < 2:
                sys.exit("a recording ended within the half: take a larger model or fewer --seconds")
            run |= {"cores_listening": (sum(threads) - before) / lasted, "starved": starved}
        return {name: round(value, 2) for name, value in run.items()}
    finally:
        hub.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=os.environ.get("CONCIERGE_WHISPER_MODEL"))
    parser.add_argument("--scenario", default="smoke")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--fail-above", type=float, help="end with code 3 where the ratio is higher")
    options = parser.parse_args()
    if not options.model or not Path(options.model).is_file():
        sys.exit("CONCIERGE_WHISPER_MODEL=FILE or --model names a Whisper model (`concierge models fetch base` brings one)")
    if not Path(HUB).is_file():
        sys.exit(f"{HUB} is not built: cargo build --release, or CONCIERGE_BIN names a binary")
    sound, halves = recording(), {"quiet": [], "listening": []}
    for number in range(options.rounds):
        # Each goes first in turn, so that what drifts on the machine drifts for both.
        order = ["quiet", "listening"] if number % 2 == 0 else ["listening", "quiet"]
        for name in order:
            run = half(options, sound if name == "listening" else None)
            halves[name].append(run)
            print(number + 1, f"{name:<9}", json.dumps(run), flush=True)
    ratios = {}
    for key in [f"{name}_{share}" for name in TIMES for share in ("p50", "p90")]:
        pairs = [(quiet[key], loud[key]) for quiet, loud in zip(halves["quiet"], halves["listening"]) if key in quiet and key in loud]
        if pairs:
            quiet, loud = (statistics.median(column) for column in zip(*pairs))
            ratios[key] = statistics.median(loud / max(quiet, 0.001) for quiet, loud in pairs)
            print(f"{key:<13} {quiet:>9.2f} ms quiet {loud:>9.2f} ms listening   {ratios[key]:.2f}x (median of {len(pairs)} rounds)")
    if options.fail_above and ratios["service_p50"] > options.fail_above:
        print(f"service_p50: {ratios['service_p50']:.2f}x is more than {options.fail_above}x")
        sys.exit(3)


if __name__ == "__main__":
    main()
