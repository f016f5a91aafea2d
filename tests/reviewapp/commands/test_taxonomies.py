import json

from taxonomy.models import TaxonomyVersion
from tests.reviewapp.api.test_configuration import TAXONOMY


class TestImport:
    def test_it_works(self, manage, project, tmp_path):
        path = tmp_path / "t.yaml"
        path.write_text(TAXONOMY)
        ran = manage("import_taxonomy", "support", path)
        assert ran.code == 0, ran.err
        assert "classification@2 is published" in ran.out
        project.refresh_from_db()
        assert str(project.taxonomy_version) == "classification@2"
        manage("import_taxonomy", "support", path)
        assert TaxonomyVersion.objects.count() == 2

    def test_another_name(self, manage, project, stdin, alice):
        stdin(TAXONOMY.encode())
        args = ("support", "-", "--name", "small", "--by", "alice", "--json")
        assert json.loads(manage("import_taxonomy", *args).out)["version"] == "small@1"

    def test_bad_input(self, manage, project, stdin):
        for content, word in (
            (b"title: x\nwhat: 1\n", "line 2"),
            (b"\xff", "UTF-8"),
            (b"", "empty"),
        ):
            stdin(content)
            ran = manage("import_taxonomy", "support", "-")
            assert ran.code == 1
            assert word in ran.err
        assert TaxonomyVersion.objects.count() == 1


class TestExport:
    def test_it_reads_back(self, manage, project, stdin):
        first = manage("export_taxonomy", "support").out
        stdin(first.encode())
        manage("import_taxonomy", "support", "-", "--name", "copy")
        assert manage("export_taxonomy", "support").out == first
        assert manage("export_taxonomy", "support", "--name", "classification").out == first

    def test_version_and_json(self, manage, project, stdin):
        stdin(TAXONOMY.encode())
        manage("import_taxonomy", "support", "-")
        small = json.loads(manage("export_taxonomy", "support", "--json").out)
        assert small["title"] == "Small"
        old = json.loads(manage("export_taxonomy", "support", "--version", "1", "--json").out)
        assert old["title"] != "Small"

    def test_unknown(self, manage, project):
        assert manage("export_taxonomy", "support", "--version", "9").code == 1
        assert manage("export_taxonomy", "support", "--name", "none").code == 1
        assert manage("export_taxonomy", "none").code == 1
