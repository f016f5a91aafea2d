import json
import shlex

from django.conf import settings

from evals.models import ModelVersion, Project
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
    def test_the_example_of_the_documentation(self, manage, project):
        page = (settings.BASE_DIR / "docs" / "traffic.md").read_text()
        section = page.partition("### Any address that speaks JSON")[2]
        example = section.partition("```bash\n")[2].partition("```")[0]
        words = shlex.split(example.replace("\\\n", " "))
        assert words[:3] == ["python", "manage.py", "create_model"]
        ran = manage(*words[2:])
        assert ran.code == 0, ran.err
        made = ModelVersion.objects.get(name="classifier-3")
        assert made.provider == "http_json"
        assert made.options["headers"] == {"X-Api-Key": "$MODEL_CLASSIFIER_KEY"}

    def test_a_recorded_one(self, manage, project):
        file = '{"file": "june/answers.jsonl"}'
        words = ("support", "june", "--provider", "recorded", "--options", file)
        ran = manage("create_model", *words, "--requests-per-minute", "60")
        assert "read from june/answers.jsonl" in ran.out
        assert ModelVersion.objects.get().requests_per_minute == 60

    def test_bad_input(self, manage, project):
        for args, word in (
            (("--base-url", "http://127.0.0.1:8080/v1"), "openai needs --upstream-model"),
            (("--upstream-model", "smol"), "give --base-url as well"),
            (("--provider", "recorded"), "recorded needs --options: which file"),
            (("--provider", "recorded", "--options", '{"file": "../x.jsonl"}'), "without .."),
            (("--parameters", "[]"), "--parameters: write an object"),
            (("--parameters", "{"), "--parameters is not JSON"),
            (("--base-url", "ftp://x", "--upstream-model", "smol"), "write an address"),
        ):
            ran = manage("create_model", project.slug, "new", *args)
            assert ran.code == 1
            assert word in ran.err
