import pytest
from django.urls import reverse

from evals.otlp.intake import Taken
from reviewapp import seen_spans
from tests.evals.otlp.builders import chat, export, span

PAGE = "/p/support/settings/tracing/"


def form(*rules, **fields):
    data = {"pair_by": "trace_id", "group": "session.id", "rule-TOTAL_FORMS": len(rules)}
    data |= {"rule-INITIAL_FORMS": 0, **fields}
    for i, rule in enumerate(rules):
        data |= {f"rule-{i}-{name}": value for name, value in rule.items()}
    return data


class TestPage:
    def test_it_works(self, as_user, erin, project, models):
        client = as_user(erin)
        page = client.get(PAGE)
        assert page.status_code == 200
        assert b"Nothing has arrived lately" in page.content
        rule = {"name": "gpt-4o", "attribute": "service.name", "equals": "live"}
        sent = form(
            {**rule, "model": "triage-09"},
            {"name": "mini", "model": " "},
            {},
            segments="tier = app.tier\n\nlocale=app.locale",
            drop_system="on",
        )
        assert client.post(PAGE, sent).status_code == 302
        project.refresh_from_db()
        assert project.tracing == {
            "models": [
                {**rule, "model": "triage-09"},
                {"name": "mini", "attribute": None, "equals": "", "model": None},
            ],
            "pair_by": "trace_id",
            "group": ["session.id"],
            "segments": {"tier": "app.tier", "locale": "app.locale"},
            "sample": None,
            "drop_system": True,
        }
        page = client.get(PAGE).content.decode()
        assert 'value="gpt-4o"' in page
        assert "tier = app.tier" in page

    def test_from_a_name_that_was_seen_to_a_rule(self, as_user, erin, project, models):
        taken = Taken(spans=3, calls=3, rejected=3)
        taken.unmapped["<b>gpt&4o"] = 3
        seen_spans.note(project, taken)
        client = as_user(erin)
        page = client.get(PAGE).content.decode()
        assert "&lt;b&gt;gpt&amp;4o" in page
        assert "?name=%3Cb%3Egpt%264o#rules" in page
        page = client.get(PAGE, {"name": "<b>gpt&4o"}).content.decode()
        assert 'value="&lt;b&gt;gpt&amp;4o"' in page
        client.post(PAGE, form({"name": "<b>gpt&4o", "model": "triage-09"}))
        assert seen_spans.of(project).names == []
        assert seen_spans.of(project).spans == 3

    def test_a_reviewer_looks(self, as_user, bob, models):
        page = as_user(bob).get(PAGE)
        assert b"An engineer, a lead or an owner changes it" in page.content
        assert as_user(bob).post(PAGE, form()).status_code == 403

    def test_an_outsider(self, as_user, charlie, project):
        assert as_user(charlie).get(PAGE).status_code == 404

    def test_it_is_in_the_menu(self, as_user, erin, project):
        page = as_user(erin).get(reverse("settings_tokens", args=["support"]))
        assert PAGE in page.content.decode()

    def test_without_model_versions(self, as_user, erin, project):
        assert b"No model version is defined yet" in as_user(erin).get(PAGE).content

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            (form({"name": "x"}), "Choose whose these spans are."),
            (form({"model": "triage-09"}), "Name the model"),
            (form({"name": "x", "model": "nobody"}), "Select a valid choice"),
            (form({"equals": "x", "model": "triage-09"}), "models[0]"),
            (form(pair_by="two words"), "pair_by"),
            (form(pair_by=""), "This field is required"),
            (form(segments="tier"), "Line 1: write a key"),
            (form(segments="a=b\na=c"), "Line 2: a is filled twice"),
            ({"pair_by": "x"}, "ManagementForm"),
        ],
    )
    def test_bad_input(self, as_user, erin, project, models, sent, said):
        page = as_user(erin).post(PAGE, sent)
        assert page.status_code == 200
        assert said in page.content.decode()
        project.refresh_from_db()
        assert project.tracing == {}


class TestSeen:
    def test_names_are_few_and_short(self, project):
        taken = Taken()
        for i in range(100):
            taken.unmapped[f"{i}" + "x" * 500] = 1
        for _ in range(2):
            seen_spans.note(project, taken)
        names = seen_spans.of(project).names
        assert len(names) == seen_spans.NAMES
        assert all(len(name) <= 200 and count >= 1 for name, count, _ in names)

    def test_the_latest_stay(self, project):
        for i in range(30):
            taken = Taken()
            taken.unmapped[f"m{i}"] = 1
            seen_spans.note(project, taken)
        names = [name for name, _, _ in seen_spans.of(project).names]
        assert names[0] == "m29"
        assert "m0" not in names

    def test_what_redis_holds_is_not_trusted(self, project):
        from django.core.cache import cache

        cache.set(f"spans-{project.pk}", b"{}")
        assert seen_spans.of(project) == seen_spans.Seen([])


def test_one_span_reaches_the_page(as_user, erin, project, models):
    from reviewapp.actions import tokens

    secret = tokens.make(project=project, name="e", by=erin)[1]
    client = as_user(erin)
    client.post(
        "/v1/traces",
        export(span(chat())),
        content_type="application/x-protobuf",
        headers={"authorization": f"Bearer {secret}"},
    )
    page = client.get(PAGE).content.decode()
    assert "1 span, 1 of it a call to a model, 1 stored" in page
