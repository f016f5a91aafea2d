import gzip
import json
import re
import shlex

import pytest
from django.conf import settings

from evals.models import Project, Run
from reviewapp.actions import reports
from reviewapp.models import AuditEvent, LabelSet, OutputJudgement
from tests.reviewapp.actions import scenes
from tests.reviewapp.labelling.importing.scenes import NEW, bare, found, record

GOOD = [record(1), record(2, sides={NEW: "error"}, findings=[found()])]


def as_lines(rows):
    return "".join(f"{json.dumps(one)}\n" for one in rows).encode()


@pytest.fixture
def file(project, models, tmp_path):
    bare(project, models)
    path = tmp_path / "labels.jsonl"
    path.write_bytes(as_lines(GOOD))
    return path


class TestImportLabels:
    def test_it_works(self, manage, file, erin):
        options = ("--set", "march", "--design", "census", "--kind", "expert", "--by", "erin")
        ran = manage("import_labels", "support", str(file), *options)
        assert ran.code == 0, ran.err
        counts = "stored 2, added 0, superseded 0, unchanged 0, conflicting 0, rejected 0"
        assert ran.out.strip() == counts
        made = LabelSet.objects.get()
        assert (made.name, made.design, made.kind) == ("march", "census", "expert")
        assert AuditEvent.objects.get(verb="imported labels").by == erin

    def test_packed_and_in_json(self, manage, file):
        packed = file.with_name("labels.jsonl.gz")
        packed.write_bytes(gzip.compress(file.read_bytes()))
        said = json.loads(manage("import_labels", "support", str(packed), "--json").out)
        assert (said["stored"], said["rejected"], said["problems"]) == (2, 0, [])

    def test_a_bad_line_is_named(self, manage, file):
        file.write_bytes(b"{\n" + as_lines([{**GOOD[0], "request": "none"}, *GOOD]))
        ran = manage("import_labels", "support", str(file))
        assert ran.code == 1
        assert "line 1: not JSON" in ran.err
        assert "line 2, $.request: no request 'none'" in ran.err
        assert "2 lines were rejected or in conflict; all others are stored" in ran.err
        assert OutputJudgement.objects.count() == 3

    def test_what_is_not_known_to_be_blind_is_said(self, manage, file):
        file.write_bytes(as_lines([record(1, blind=None)]))
        ran = manage("import_labels", "support", str(file))
        assert "1 of them are not known to be blind" in ran.err
        assert manage("import_labels", "support", str(file), "--blind").code == 0
        assert LabelSet.objects.get().blind

    def test_average(self, manage, file, project):
        manage("import_labels", "support", str(file), "--average")
        project.refresh_from_db()
        assert project.several_raters == "average"

    def test_bad_input(self, manage, file):
        for args, word in (
            (("none", str(file)), "no project"),
            (("support", "/nowhere.jsonl"), "No such file"),
            (("support", str(file), "--design", "all"), "invalid choice"),
            (("support", str(file), "--set", "a b"), "letters"),
            (("support", str(file), "--kind", "<b>"), "a word or two"),
            (("support", str(file), "--by", "nobody"), "nobody"),
        ):
            ran = manage("import_labels", *args)
            assert ran.code == 1
            assert word in ran.err
        assert not OutputJudgement.objects.exists()

    def test_the_example_of_the_documentation(self, manage, olga, tmp_path, monkeypatch):
        page = (settings.BASE_DIR / "docs" / "labels.md").read_text()
        (script,) = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
        monkeypatch.chdir(tmp_path)
        here = r"cat > (\S+) <<'LINES'\n(.*?)LINES\n"
        for name, lines in re.findall(here, script, re.DOTALL):
            (tmp_path / name).write_text(lines)
        for line in re.sub(here, "", script, flags=re.DOTALL).splitlines():
            if line:
                words = shlex.split(line.replace("$OWNER", "olga"))
                assert words[:2] == ["python", "manage.py"]
                ran = manage(*words[2:])
                assert ran.code == 0, ran.err
        assert Project.objects.get(slug="tickets").label_sets.get().design == "census"
        run = scenes.finish(Run.objects.get(name="compare"))
        data = reports.refresh(run=run).data
        assert (data["labels"]["used"], data["elsewhere"]["design"]) == (2, "census")
        assert data["overall"]["difference"]["value"] == -0.5
