import json

import pytest
from django.test import Client

from evals.models import ModelVersion, Project
from reviewapp.examples import COMPARATORS
from reviewapp.models import ApiToken, GatePolicy, Invitation, Membership, User

pytestmark = pytest.mark.django_db
SETTINGS = "/p/support/settings/"
PAGES = ["", "models/", "models/new/", "comparators/", "sampling/", "gate/", "tokens/"]


class TestEveryPage:
    @pytest.mark.parametrize("page", PAGES)
    def test_outsiders(self, closed, project: Project, page: str) -> None:
        closed(SETTINGS + page)
        if page != "models/":  # a list: nothing is sent to it
            closed(SETTINGS + page, "post")

    @pytest.mark.parametrize("page", ["", "models/", "comparators/", "sampling/", "gate/"])
    def test_a_reviewer_sees_values_and_no_form(self, as_user, bob: User, page: str) -> None:
        answer = as_user(bob).get(SETTINGS + page)
        assert answer.status_code == 200
        assert answer.content.decode().count("<form") == 1  # signing out

    @pytest.mark.parametrize("page", ["", "models/new/", "comparators/", "sampling/", "gate/"])
    def test_a_reviewer_sends_nothing(self, as_user, bob: User, page: str) -> None:
        assert as_user(bob).post(SETTINGS + page, {"x": 1}).status_code == 403

    @pytest.mark.parametrize("page", PAGES)
    def test_an_owner_sees_it(self, as_user, olga: User, models, page: str) -> None:
        text = as_user(olga).get(SETTINGS + page).content.decode()
        assert "style=" not in text
        assert "onclick" not in text


class TestMembers:
    def test_it_works(self, as_user, olga: User, project: Project) -> None:
        page = as_user(olga).post(SETTINGS, {"role": "reviewer", "note": "Dana"})
        link = page.context["link"]
        assert f'<p class="secret">{link}</p>' in page.content.decode()
        assert Client().get(link).status_code == 200
        assert link not in as_user(olga).get(SETTINGS).content.decode()

    def test_a_lead_may_not_invite(self, as_user, alice: User) -> None:
        assert as_user(alice).post(SETTINGS, {"role": "owner"}).status_code == 403

    def test_an_unknown_role(self, as_user, olga: User, project: Project) -> None:
        as_user(olga).post(SETTINGS, {"role": "emperor"})
        assert not Invitation.objects.exists()

    def test_queries_do_not_grow(self, as_user, queries, olga, project, django_user_model) -> None:
        client = as_user(olga)
        before = queries(client, SETTINGS)
        for i in range(5):
            user = django_user_model.objects.create_user(username=f"u{i}")
            Membership.objects.create(project=project, user=user, role="reviewer")
        assert queries(client, SETTINGS) == before


class TestMember:
    def address(self, user: User) -> str:
        return f"{SETTINGS}members/{Membership.objects.get(user=user).pk}/"

    def test_it_works(self, as_user, olga: User, bob: User) -> None:
        address = self.address(bob)
        as_user(olga).post(address, {"role": "lead"})
        assert Membership.objects.get(user=bob).role == "lead"
        as_user(olga).post(address, {"role": ""})
        assert not Membership.objects.filter(user=bob).exists()

    def test_removing_says_what_is_lost(self, as_user, olga, bob, project, rater) -> None:
        ApiToken.objects.create(project=project, user=bob, name="a", prefix="a", digest="a")
        page = as_user(olga).get(SETTINGS).content.decode()
        assert "Remove bob? They lose this project at once, and 1 token of theirs stops" in page

    def test_the_last_owner_stays(self, as_user, olga: User, project: Project) -> None:
        page = as_user(olga).post(self.address(olga), {"role": "lead"}, follow=True)
        assert "needs an owner" in page.content.decode()

    def test_a_lead_may_not(self, as_user, alice: User, bob: User) -> None:
        assert as_user(alice).post(self.address(bob), {"role": ""}).status_code == 403

    def test_outsiders(self, closed, bob: User) -> None:
        closed(self.address(bob), "post")

    def test_an_unknown_role(self, as_user, olga: User, bob: User) -> None:
        for body in ({}, {"role": "emperor"}):
            assert as_user(olga).post(self.address(bob), body).status_code == 404

    def test_a_member_of_another_project(self, as_user, olga: User, bob: User, charlie) -> None:
        from reviewapp.actions import projects

        other = projects.create(slug="other", name="Other", preset="assistant", by=charlie)
        address = f"{SETTINGS}members/{other.memberships.get().pk}/"
        assert as_user(olga).post(address, {"role": ""}).status_code == 404


class TestWithdraw:
    def test_it_works(self, as_user, olga: User, project: Project) -> None:
        link = as_user(olga).post(SETTINGS, {"role": "reviewer"}).context["link"]
        pk = Invitation.objects.get().pk
        as_user(olga).post(f"{SETTINGS}invitations/{pk}/withdraw/")
        assert Client().get(link).status_code == 410

    def test_a_lead_may_not(self, as_user, alice: User) -> None:
        assert as_user(alice).post(f"{SETTINGS}invitations/1/withdraw/").status_code == 403


class TestTokens:
    address = SETTINGS + "tokens/"

    def test_it_works(self, as_user, bob: User) -> None:
        secret = as_user(bob).post(self.address, {"name": "CI"}).context["secret"]
        assert secret.startswith("cc_")
        page = as_user(bob).get(self.address).content.decode()
        assert "CI" in page
        assert secret not in page

    def test_an_owner_sees_others_and_a_lead_does_not(self, as_user, olga, alice, bob) -> None:
        as_user(bob).post(self.address, {"name": "bobs-script"})
        assert "bobs-script" in as_user(olga).get(self.address).content.decode()
        assert "bobs-script" not in as_user(alice).get(self.address).content.decode()

    def test_revoking(self, as_user, bob: User) -> None:
        as_user(bob).post(self.address, {"name": "CI"})
        as_user(bob).post(f"{self.address}{ApiToken.objects.get().pk}/revoke/")
        assert ApiToken.objects.get().revoked_at

    def test_somebody_elses(self, as_user, alice: User, bob: User, closed) -> None:
        as_user(bob).post(self.address, {"name": "CI"})
        address = f"{self.address}{ApiToken.objects.get().pk}/revoke/"
        assert as_user(alice).post(address).status_code == 404
        closed(address, "post")

    def test_a_name_is_needed(self, as_user, bob: User) -> None:
        assert "required" in as_user(bob).post(self.address, {"name": ""}).content.decode()


class TestModels:
    def test_it_works(self, as_user, bob: User, finished_run) -> None:
        page = as_user(bob).get(SETTINGS + "models/").content.decode()
        assert "triage-09" in page
        assert "frozen" in page

    def test_queries_do_not_grow(self, as_user, queries, bob: User, project, models) -> None:
        client = as_user(bob)
        before = queries(client, SETTINGS + "models/")
        ModelVersion.objects.bulk_create(
            [ModelVersion(project=project, name=f"m{i}") for i in range(5)]
        )
        assert queries(client, SETTINGS + "models/") == before


class TestModel:
    body = {
        "name": "triage-12",
        "provider": "openai",
        "base_url": "http://127.0.0.1:8080/v1",
        "upstream_model": "smol",
        "parameters": '{"temperature": 0}',
        "price_input": "0.15",
        "concurrency": "4",
        "timeout_s": "60",
        "max_attempts": "5",
    }
    new = SETTINGS + "models/new/"

    def address(self, model: ModelVersion) -> str:
        return f"{SETTINGS}models/{model.pk}/"

    def test_it_works(self, as_user, erin: User) -> None:
        assert as_user(erin).post(self.new, self.body)["Location"] == SETTINGS + "models/"
        made = ModelVersion.objects.get()
        assert (made.parameters, made.provider) == ({"temperature": 0}, "openai")

    def test_changing(self, as_user, erin: User, models) -> None:
        as_user(erin).post(self.address(models[1]), {**self.body, "prompt": "Say {{ input }}"})
        models[1].refresh_from_db()
        assert (models[1].name, models[1].prompt) == ("triage-12", "Say {{ input }}")

    def test_a_used_one_is_frozen(self, as_user, erin: User, models, finished_run) -> None:
        page = as_user(erin).get(self.address(models[0])).content.decode()
        assert "It has 12 outputs" in page
        as_user(erin).post(self.address(models[0]), {**self.body, "benchmarks": '{"MMLU": 41}'})
        models[0].refresh_from_db()
        assert (models[0].name, models[0].benchmarks) == ("triage-09", {"MMLU": 41})

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("parameters", '{"a": }', "line 1, column 7"),
            ("parameters", "[1]", "Write an object"),
            ("parameters", '{"a": NaN}', "not finite"),
            ("parameters", "[" * 100_000, "This is not JSON"),
            ("base_url", "", "an address is needed"),
            ("base_url", "ftp://127.0.0.1/v1", "write an address such as"),
            ("price_input", "-1", "greater than or equal to 0"),
            ("concurrency", "257", "less than or equal to 256"),
            ("prompt", "Say {{ nothing }}", "nothing"),
        ],
    )
    def test_bad_input(self, as_user, erin: User, field: str, value: str, words: str) -> None:
        answer = as_user(erin).post(self.new, {**self.body, field: value})
        assert answer.status_code == 200
        assert words in answer.content.decode()
        assert not ModelVersion.objects.exists()

    def test_a_name_that_is_taken(self, as_user, erin: User, models) -> None:
        page = as_user(erin).post(self.new, {**self.body, "name": "triage-09"})
        assert "already exists" in page.content.decode()

    def test_a_model_of_another_project(self, as_user, erin: User, project) -> None:
        assert as_user(erin).get(f"{SETTINGS}models/999999/").status_code == 404


class TestComparators:
    address = SETTINGS + "comparators/"

    def test_it_works(self, as_user, alice: User, project: Project) -> None:
        config = COMPARATORS["label"].config
        as_user(alice).post(self.address, {"config": json.dumps(config)})
        project.refresh_from_db()
        assert project.pipeline == config

    @pytest.mark.parametrize("key", COMPARATORS)
    def test_every_example_can_be_saved(self, as_user, alice, project, key: str) -> None:
        page = as_user(alice).get(f"{self.address}?example={key}")
        sent = page.context["form"]["config"].value()
        assert as_user(alice).post(self.address, {"config": sent}).status_code == 302

    def test_all_problems_are_listed(self, as_user, alice: User, project: Project) -> None:
        config = {"comparators": [{"kind": "magic"}, {"kind": "number", "options": {"x": 1}}]}
        page = as_user(alice).post(self.address, {"config": json.dumps(config)}).content.decode()
        assert "<code>comparators[0].kind</code>" in page
        assert "<code>comparators[1].options.x</code>" in page
        project.refresh_from_db()
        assert project.pipeline == {}

    def test_what_was_typed_stays(self, as_user, alice: User) -> None:
        page = as_user(alice).post(self.address, {"config": '{"comparators": ['}).content.decode()
        assert "This is not JSON: line 1" in page
        assert "{&quot;comparators&quot;: [" in page

    def test_empty_is_exact(self, as_user, alice: User, project: Project) -> None:
        as_user(alice).post(self.address, {"config": ""})
        project.refresh_from_db()
        assert project.pipeline == {}


class TestSampling:
    address = SETTINGS + "sampling/"
    body = {
        "labels": 100,
        "equivalent": 10,
        "identical": 0,
        "slots": 2,
        "double_share": 10,
        "more_slots": 1,
        "gold_share": 5,
        "adjudicate_share": 10,
        "noise_share": 12.5,
        "traffic_share": 100,
        "lease_minutes": 20,
    }

    def test_it_works(self, as_user, alice: User, project: Project) -> None:
        page = as_user(alice).post(self.address, self.body, follow=True).content.decode()
        project.refresh_from_db()
        assert project.sampling["noise_share"] == 0.125
        assert "231 reviews, about 1.9 hours" in page

    def test_what_is_shown_can_be_sent(self, as_user, alice: User, project: Project) -> None:
        form = as_user(alice).get(self.address).context["form"]
        before = project.sampling
        as_user(alice).post(self.address, {field.name: field.value() for field in form})
        project.refresh_from_db()
        assert project.sampling == before

    @pytest.mark.parametrize(
        ("field", "value"), [("slots", 6), ("noise_share", 101), ("labels", "x")]
    )
    def test_bad_input(self, as_user, alice: User, field: str, value: object) -> None:
        answer = as_user(alice).post(self.address, {**self.body, field: value})
        assert field in answer.context["form"].errors


class TestGate:
    address = SETTINGS + "gate/"

    def test_it_works(self, as_user, alice: User, project: Project) -> None:
        as_user(alice).post(self.address, {"margin": "1.5", "critical_margin": "0.2"})
        policy = GatePolicy.objects.get()
        assert (policy.margin, policy.critical_margin) == (0.015, 0.002)
        assert policy.created_by == alice

    def test_history(self, as_user, alice: User) -> None:
        client = as_user(alice)
        for margin in ("1", "2"):
            client.post(self.address, {"margin": margin, "critical_margin": "0.5"})
        page = client.get(self.address).content.decode()
        assert page.index("2.0 points") < page.index("1.0 points")

    @pytest.mark.parametrize("margin", ["-1", "101", "nan", "inf", ""])
    def test_bad_input(self, as_user, alice: User, margin: str) -> None:
        as_user(alice).post(self.address, {"margin": margin, "critical_margin": "0.2"})
        assert not GatePolicy.objects.exists()

    def test_a_plan_of_looks(self, as_user, alice: User) -> None:
        client = as_user(alice)
        margins = {"margin": "2", "critical_margin": "0.5"}
        client.post(self.address, {**margins, "label_budget": "400", "hold_to_j": "on"})
        policy = GatePolicy.objects.get()
        assert (policy.label_budget, policy.looks, policy.hold_to_j) == (400, 14, True)
        assert "14 over 400 labels" in client.get(self.address).content.decode()

    def test_more_looks_than_labels(self, as_user, alice: User) -> None:
        margins = {"margin": "2", "critical_margin": "0.5"}
        form = {**margins, "label_budget": "10", "looks": "11"}
        page = as_user(alice).post(self.address, form).content.decode()
        assert "at least one label more" in page
        assert not GatePolicy.objects.exists()
