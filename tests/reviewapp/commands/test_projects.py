import json

from evals.models import Project
from reviewapp.models import Membership


class TestCreateProject:
    def test_it_works(self, manage, olga):
        ran = manage("create_project", "mine", "--name", "My own", "--owner", "olga")
        assert ran.code == 0, ran.err
        assert "My own (mine), owned by olga, with classification@1" in ran.out
        assert Membership.objects.get(project__slug="mine").role == "owner"

    def test_json_and_preset(self, manage, olga):
        args = ("mine", "--preset", "assistant", "--owner", "olga", "--json")
        assert json.loads(manage("create_project", *args).out)["taxonomy"] == "assistant@1"

    def test_bad_input(self, manage, project):
        for args, word in (
            (("support", "--owner", "olga"), "already"),
            (("a b", "--owner", "olga"), "slug"),
            (("x" * 61, "--owner", "olga"), "longer"),
            (("mine", "--owner", "nobody"), "nobody"),
            (("mine", "--owner", "olga", "--preset", "no"), "invalid choice"),
            (("mine",), "--owner"),
        ):
            ran = manage("create_project", *args)
            assert ran.code == 1
            assert word in ran.err
        assert Project.objects.count() == 1


class TestCreateModel:
    def test_bad_input(self, manage, project):
        for args, word in (
            (("--base-url", "http://127.0.0.1:8080/v1"), "go together"),
            (("--upstream-model", "smol"), "go together"),
            (("--base-url", "ftp://x", "--upstream-model", "smol"), "write an address"),
        ):
            ran = manage("create_model", project.slug, "new", *args)
            assert ran.code == 1
            assert word in ran.err
