import pytest

from reviewapp.models import AuditEvent

RULE = {"name": "gpt-4o", "attribute": None, "equals": "", "model": "triage-09"}


class TestTracing:
    def test_it_works(self, api, erin, models, project):
        client = api(erin)
        assert client.get("tracing/").json()["pair_by"] == "trace_id"
        response = client.patch("tracing/", {"models": [RULE], "pair_by": "app.request_id"})
        assert response.status_code == 200
        assert response.json()["models"] == [RULE]
        client.patch("tracing/", {"drop_system": True})
        found = client.get("tracing/").json()
        assert (found["pair_by"], found["drop_system"]) == ("app.request_id", True)
        assert AuditEvent.objects.filter(subject="tracing").count() == 2

    def test_who_may_not(self, api, bob, charlie, models):
        assert api(bob).get("tracing/").status_code == 200
        assert api(bob).patch("tracing/", {"drop_system": True}).status_code == 403
        assert api(charlie).get("tracing/").status_code == 404

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ({"models": [{**RULE, "model": "nobody"}]}, "models[0].model"),
            ({"models": "gpt-4o"}, "models"),
            ({"pairs_by": "x"}, "pairs_by"),
            ({"pair_by": "a\0b"}, "$.pair_by"),
            ([], ""),
        ],
    )
    def test_bad_input(self, api, erin, models, project, body, where):
        response = api(erin).patch("tracing/", body)
        assert response.status_code == 400
        assert response.json()["error"]["where"] == where
        project.refresh_from_db()
        assert project.tracing == {}
