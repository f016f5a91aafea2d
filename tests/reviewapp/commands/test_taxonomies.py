import json

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from taxonomy.interchange import schema_text, write
from taxonomy.models import TaxonomyVersion
from tests.reviewapp.api.test_configuration import TAXONOMY
from tests.reviewapp.labelled_scene import as_yaml, label, without


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

    def test_formats_and_references(self, manage, project):
        as_json = manage("export_taxonomy", "support", "--format", "json").out
        assert as_json == manage("export_taxonomy", "support", "--json").out
        assert as_json == write(without(project), "json")
        named = ("--version", "classification@1")
        assert manage("export_taxonomy", "support", *named).out == write(without(project))
        with pytest.raises(CommandError, match="write 2 or support@2"):
            call_command("export_taxonomy", "support", "--version", "classification@x")

    def test_the_map(self, manage, project, stdin):
        ran = manage("export_taxonomy", "support", "--map")
        assert (ran.code, "is based on no other version" in ran.err) == (1, True)
        stdin(as_yaml(project, "label.missed").encode())
        manage("import_taxonomy", "support", "-", "--map", "label.missed=label.none,value.wrong")
        found = yaml.safe_load(manage("export_taxonomy", "support", "--map").out)
        assert (found["version"], found["based_on"]) == ("classification@2", "classification@1")
        assert found["categories"]["label.missed"] == ["label.none", "value.wrong"]
        assert json.loads(manage("export_taxonomy", "support", "--map", "--json").out) == found

    def test_the_schema_needs_no_project(self, manage, db):
        assert manage("export_taxonomy", "--schema").out == schema_text()
        assert "Name a project" in manage("export_taxonomy").err


class TestImportOverLabels:
    @pytest.fixture
    def labelled(self, project, models, rater, bob):
        return label(project, models, rater(project, bob))

    @pytest.fixture
    def file(self, project, tmp_path):
        def of(*keys, **changed):
            path = tmp_path / "t.yaml"
            path.write_text(as_yaml(project, *keys, **changed))
            return path

        return of

    def test_dry_run_says_it_in_words_and_does_nothing(self, manage, labelled, file):
        options = ("--map", "label.missed=label.none", "--dry-run")
        ran = manage("import_taxonomy", "support", file("label.missed", "value.wrong"), *options)
        assert ran.code == 0
        assert ran.out.splitlines() == [
            "  merged “Missed” and “No usable label” into “No usable label”; 4 labels follow",
            "! retired “Wrong value”; 2 labels keep it and cannot be shown in the new version",
        ]
        assert TaxonomyVersion.objects.count() == 1
        assert "Nothing changes." in manage("import_taxonomy", "support", file(), "--dry-run").out

    def test_it_needs_a_yes_where_labels_change_their_meaning(self, manage, labelled, file):
        path = file(value__wrong={"definition": "Narrower."})
        ran = manage("import_taxonomy", "support", path)
        assert ran.code == 1
        assert "! changed the definition of “Wrong value”; 2 labels stand on the old" in ran.err
        assert "confirm with --yes" in ran.err
        assert TaxonomyVersion.objects.count() == 1
        options = ("--relabel", "value.wrong", "--yes", "--json")
        made = json.loads(manage("import_taxonomy", "support", path, *options).out)
        assert (made["version"], made["based_on"]) == ("classification@2", "classification@1")
        assert [one["kind"] for one in made["changes"]] == ["relabel"]

    def test_a_draft_needs_none(self, manage, labelled, file, project):
        ran = manage("import_taxonomy", "support", file("label.missed"), "--draft", "--by", "bob")
        assert "classification@2 is the draft." in ran.out
        draft = TaxonomyVersion.objects.get(state="draft")
        assert draft.edited_by == "bob"
        assert "is a draft that" in manage("import_taxonomy", "support", file("value.place")).err

    def test_a_wrong_map(self, manage, labelled, file):
        ran = manage("import_taxonomy", "support", file("label.missed"), "--map", "label.missed=x")
        assert ran.code == 1
        assert "map.label.missed: 'x' is no category of the new version" in ran.err
