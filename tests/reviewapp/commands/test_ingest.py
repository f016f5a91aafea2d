import gzip
import json
import zlib

import pytest

from evals.models import Request
from reviewapp.management.commands._progress import described
from tests.reviewapp.conftest import as_lines, records


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(as_lines(records()))
    return path


class TestIngest:
    def test_it_works(self, manage, models, file):
        ran = manage("ingest", "support", file)
        assert ran.code == 0
        assert ran.out.strip() == "stored 12, added 0, unchanged 0, conflicting 0, rejected 0"
        assert "unchanged 12" in manage("ingest", "support", file).out

    def test_json(self, manage, models, file):
        assert json.loads(manage("ingest", "support", file, "--json").out)["stored"] == 12

    def test_standard_input(self, manage, models, stdin):
        stdin(as_lines(records()))
        assert "stored 12" in manage("ingest", "support", "-").out

    def test_gzip(self, manage, models, tmp_path):
        path = tmp_path / "traffic.jsonl.gz"
        path.write_bytes(gzip.compress(as_lines(records())))
        assert "stored 12" in manage("ingest", "support", path).out

    def test_bad_lines(self, manage, models, tmp_path):
        path = tmp_path / "bad.jsonl"
        path.write_bytes(b"{\n" + as_lines(records()))
        ran = manage("ingest", "support", path)
        assert ran.code == 1
        assert ran.err.startswith("line 1: not JSON")
        assert "stored 12" in ran.out
        assert Request.objects.count() == 12

    def test_conflicts(self, manage, models, file):
        manage("ingest", "support", file)
        file.write_bytes(as_lines([records()[0] | {"input": "other"}]))
        ran = manage("ingest", "support", file)
        assert ran.code == 1
        assert "line 1, $.input" in ran.err

    def test_bad_input(self, manage, models, file, tmp_path):
        for args, word in (
            (("none", file), "support"),
            (("support", tmp_path / "missing"), "missing: No such file"),
            (("support", tmp_path), "directory"),
        ):
            ran = manage("ingest", *args)
            assert ran.code == 1
            assert word in ran.err
            assert len(ran.err.splitlines()) == 1

    def test_not_gzip(self, manage, models, tmp_path):
        path = tmp_path / "x.gz"
        path.write_bytes(b"plain")
        assert manage("ingest", "support", path).code == 1
        path.write_bytes(gzip.compress(as_lines(records()))[:-20])
        assert manage("ingest", "support", path).code == 1

    def test_what_came_before_a_cut_is_stored_and_told(self, manage, models, tmp_path):
        path = tmp_path / "x.gz"
        packer = zlib.compressobj(wbits=31)
        path.write_bytes(packer.compress(as_lines(records())) + packer.flush(zlib.Z_SYNC_FLUSH))
        ran = manage("ingest", "support", path)
        assert ran.code == 1
        assert "stored 12" in ran.out
        assert "cannot be unpacked" in ran.err
        assert Request.objects.count() == 12

    def test_fields_that_are_not_known_are_told(self, manage, models, tmp_path):
        path = tmp_path / "typo.jsonl"
        path.write_bytes(as_lines([records()[0] | {"expcted": "x"}]))
        ran = manage("ingest", "support", path)
        assert ran.code == 0
        assert "line 1, $.expcted: this field is not known" in ran.err
        assert "did you mean `expected`? (1 line)" in ran.err


class TestProgress:
    def test_at_a_terminal(self, manage, models, file, monkeypatch):
        monkeypatch.setattr("django.core.management.base.OutputWrapper.isatty", lambda _: True)
        ran = manage("ingest", "support", file)
        assert "100%  12 lines" in ran.err
        assert ran.out.strip().startswith("stored 12")

    @pytest.mark.parametrize(
        ("seen", "size", "line"),
        [
            (50, 100, "████████████░░░░░░░░░░░░  50%  600 lines  10/s  1:00, 1:00 to go"),
            (0, 100, "░░░░░░░░░░░░░░░░░░░░░░░░   0%  600 lines  10/s  1:00"),
            (7, None, "600 lines  10/s  1:00"),
            (0, 0, "600 lines  10/s  1:00"),
        ],
    )
    def test_what_it_says(self, seen, size, line):
        assert described(seen, size, 600, 60.0) == line
