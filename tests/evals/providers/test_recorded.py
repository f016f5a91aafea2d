"""Recorded outputs: what a file holds, and that nothing outside its folder can be read."""

import json
import os
from decimal import Decimal

import pytest

from evals.providers import PROVIDERS, Call, OptionError, ProviderError

PROVIDER = PROVIDERS["recorded"]
LINES = [
    {"id": "r1", "output": "billing", "latency_ms": 412, "input_tokens": 388, "output_tokens": 12},
    {"id": "r1", "sample": 1, "output": {"label": "refund"}, "cost_usd": 0.0007},
    {"id": "r2", "error": "HTTP 503 from upstream"},
    {"id": "r3", "outputs": [{"model": "old", "output": "a"}, {"model": "new", "output": "b"}]},
    {"id": "r4", "output": "x", "input_tokens": -1},
    {"id": "r5", "output": "x", "latency_ms": "soon"},
    {"id": "r6"},
]


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "recordings"
    (inside / "deep").mkdir(parents=True)
    text = "not json\n\n" + "".join(json.dumps(line) + "\n" for line in LINES)
    (inside / "answers.jsonl").write_text(text)
    (inside / "deep" / "more.jsonl").write_text('{"id": "d", "output": "deep"}')
    (tmp_path / "secret.jsonl").write_text('{"id": "r1", "output": "secret"}')
    (inside / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    return inside


def ask(folder, request="r1", sample=0, file="answers.jsonl", model=""):
    call = Call(
        model=model,
        messages=[],
        base_url=str(folder),
        request=request,
        sample=sample,
        options={"file": file},
    )
    return PROVIDER.ask(call)


class TestAsk:
    def test_it_works(self, folder):
        reply = ask(folder)
        assert (reply.value, reply.text, reply.is_text) == ("billing", "billing", True)
        assert (reply.latency_ms, reply.input_tokens, reply.output_tokens) == (412, 388, 12)
        second = ask(folder, sample=1)
        assert (second.value, second.latency_ms) == ({"label": "refund"}, None)
        assert second.cost_usd == Decimal("0.0007")
        assert ask(folder, "d", file="deep/more.jsonl").value == "deep"

    def test_a_traffic_record_names_the_model(self, folder):
        assert ask(folder, "r3", model="new").value == "b"
        with pytest.raises(ProviderError, match="holds no sample 0 of r3"):
            ask(folder, "r3", model="other")

    def test_a_file_that_has_grown_is_read_again(self, folder):
        with pytest.raises(ProviderError, match="no sample 0 of late"):
            ask(folder, "late")
        with (folder / "answers.jsonl").open("a") as file:
            file.write('{"id": "late", "output": "here"}\n')
        assert ask(folder, "late").value == "here"

    @pytest.mark.parametrize(
        ("request_id", "sample", "reason"),
        [
            ("r9", 0, "answers.jsonl holds no sample 0 of r9"),
            ("r1", 2, "holds no sample 2 of r1"),
            ("r2", 0, "HTTP 503 from upstream"),
            ("r4", 0, "input_tokens of the record is not a number of tokens: -1"),
            ("r5", 0, "latency_ms of the record is not a number: soon"),
            ("r6", 0, "neither output nor error"),
        ],
    )
    def test_bad_records(self, folder, request_id, sample, reason):
        with pytest.raises(ProviderError) as caught:
            ask(folder, request_id, sample)
        assert reason in caught.value.message
        assert (caught.value.retryable, caught.value.servers) == (False, False)


class TestInside:
    @pytest.mark.parametrize(
        "name",
        ["link.jsonl", "missing.jsonl", "../secret.jsonl", "deep/../../secret.jsonl", "a\0.jsonl",
         "/etc/passwd", "deep", ".jsonl/../../secret.jsonl"],
    )  # fmt: skip
    def test_nothing_outside_is_read(self, folder, name):
        with pytest.raises(ProviderError) as caught:
            ask(folder, file=name)
        assert caught.value.servers
        assert str(folder) not in caught.value.message

    def test_a_folder_that_was_swapped_in(self, folder, tmp_path):
        os.rename(folder / "deep", folder / "was")
        (folder / "deep").symlink_to(tmp_path)
        with pytest.raises(ProviderError, match=r"there is no file deep/secret\.jsonl"):
            ask(folder, file="deep/secret.jsonl")

    @pytest.mark.parametrize(
        "options",
        [{}, {"file": 7}, {"file": "a.txt"}, {"file": "/a.jsonl"}, {"file": "../a.jsonl"},
         {"file": "a//b.jsonl"}, {"file": "a\\b.jsonl"}, {"file": "a.jsonl", "folder": "/"}],
    )  # fmt: skip
    def test_bad_options(self, options):
        with pytest.raises(OptionError):
            PROVIDER.check(options)
