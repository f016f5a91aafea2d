import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from taxonomy.interchange import as_dict, schema_text, write
from taxonomy.models import TaxonomyVersion
from tests.reviewapp.labelled_scene import as_yaml, label, without

FIRST = "taxonomies/classification@1/"


@pytest.fixture
def labelled(project, models, rater, bob):
    return label(project, models, rater(project, bob))


@pytest.fixture
def client(api, alice):
    return api(alice)


def send(client, text, query=""):
    return client.post(f"taxonomies/{query}", data=text, content_type="application/yaml")


def written(command, *args, **options):
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


class TestCreate:
    def test_with_a_map(self, client, project):
        text = as_yaml(project, "label.missed", "value.place")
        query = (
            "?map=label.missed:label.none,label.wrong-class&map=value.place:&relabel=value.wrong"
        )
        made = send(client, text, query + "&map_severity=minor:major")
        assert made.status_code == 201, made.content
        assert made.json()["based_on"] == "classification@1"
        moves = client.get("taxonomies/classification@2/").json()["moves"]
        assert moves["categories"]["label.missed"] == ["label.wrong-class", "label.none"]
        assert moves["categories"]["value.place"] == []
        assert moves["severities"]["minor"] == "major"
        assert moves["relabel"] == ["value.wrong"]

    def test_what_changes_past_labels_has_to_be_confirmed(self, client, project, labelled):
        text = as_yaml(project, "label.missed")
        refused = send(client, text)
        assert refused.status_code == 409
        error = refused.json()["error"]
        assert error["code"] == "unconfirmed"
        assert error["problems"] == [
            {
                "where": "label.missed",
                "what": "retired “Missed”; 3 labels keep it and cannot be shown in the new version",
            }
        ]
        assert TaxonomyVersion.objects.count() == 1
        assert send(client, text, "?confirm=true").status_code == 201

    def test_a_draft(self, client, project, labelled):
        made = send(client, as_yaml(project, "label.missed"), "?draft=true").json()
        assert (made["version"], made["state"], made["adopted"]) == (
            "classification@2",
            "draft",
            False,
        )
        refused = send(client, as_yaml(project, "value.place"))
        assert refused.status_code == 400
        assert "is a draft that somebody works on" in refused.json()["error"]["what"]

    def test_bad_input(self, client, project, api, erin):
        text = as_yaml(project, "label.missed")
        for query, where in (
            ("?map=label.missed", "map"),
            ("?map=label.missed:nowhere", "map.label.missed"),
            ("?map=nothing:label.none", "map.nothing"),
            ("?relabel=label.missed", "map.label.missed"),
            ("?draft=perhaps", "draft"),
        ):
            refused = send(client, text, query)
            assert refused.status_code == 400, query
            assert refused.json()["error"]["where"] == where
        assert send(api(erin), text).status_code == 403


class TestExport:
    def test_gives_the_bytes_of_the_page_and_takes_them_back(self, client, project, as_user, alice):
        for form in ("yaml", "json"):
            answer = client.get(f"{FIRST}export/?format={form}")
            assert answer["Content-Type"] == f"application/{form}; charset=utf-8"
            assert answer.content.decode() == write(without(project), form)
            assert written("export_taxonomy", "support", format=form) == answer.content.decode()
            again = send(client, answer.content)
            assert again.json()["version"] == "classification@1"
        page = as_user(alice).get(reverse("taxonomy_export", args=["support"]))
        assert page.content == client.get(f"{FIRST}export/").content
        content = client.get(FIRST).json()["content"]
        assert json.loads(answer.content) == content == as_dict(without(project))

    def test_bad_input(self, client, api, charlie):
        assert client.get(f"{FIRST}export/?format=xml").status_code == 400
        assert client.get("taxonomies/classification@9/export/").status_code == 404
        assert api(charlie).get(f"{FIRST}export/").status_code == 404


class TestChanges:
    def test_it_works(self, client, project, labelled):
        text = as_yaml(project, "label.missed")
        send(client, text, "?map=label.missed:label.none&confirm=true")
        found = client.get("taxonomies/classification@2/changes/").json()
        assert found == {
            "old": "classification@1",
            "new": "classification@2",
            "mapped": True,
            "changes": [
                {
                    "kind": "merged",
                    "level": "info",
                    "sentence": "merged “Missed” and “No usable label” into “No usable label”; "
                    "4 labels follow",
                    "old": ["label.missed", "label.none"],
                    "new": ["label.none"],
                    "labels": 4,
                }
            ],
        }
        back = client.get(f"{FIRST}changes/?from=classification@2").json()
        assert back["changes"][0]["kind"] == "split"

    def test_between_taxonomies_no_map_leads(self, client, project):
        send(client, as_yaml(project), "?name=other")
        found = client.get(f"{FIRST}changes/?from=other@1").json()
        assert found["mapped"] is False
        assert [one["kind"] for one in found["changes"]] == ["unmapped"]

    def test_bad_input(self, client, api, charlie):
        first = client.get(f"{FIRST}changes/")
        assert first.status_code == 400
        assert "name one" in first.json()["error"]["what"]
        assert client.get(f"{FIRST}changes/?from=nowhere@1").status_code == 404
        assert api(charlie).get(f"{FIRST}changes/").status_code == 404


class TestUse:
    def test_adopt_retire_and_back(self, client, project):
        send(client, as_yaml(project, "value.place"))
        assert client.post(f"{FIRST}retire/").json()["state"] == "retired"
        refused = client.post(f"{FIRST}adopt/")
        assert refused.status_code == 400
        assert "is retired" in refused.json()["error"]["what"]
        assert client.post(f"{FIRST}unretire/").json()["state"] == "published"
        assert client.post(f"{FIRST}adopt/").json()["adopted"] is True
        project.refresh_from_db()
        assert str(project.taxonomy_version) == "classification@1"

    def test_the_page_does_not_adopt_a_retired_one_either(self, client, project, as_user, alice):
        send(client, as_yaml(project, "value.place"))
        client.post(f"{FIRST}retire/")
        address = reverse("taxonomy_adopt", args=["support"])
        page = as_user(alice).post(address, {"version": "classification@1"}, follow=True)
        assert "classification@1 is retired: take it back into use first." in page.content.decode()
        project.refresh_from_db()
        assert str(project.taxonomy_version) == "classification@2"

    def test_the_one_in_force_stays(self, client):
        refused = client.post(f"{FIRST}retire/")
        assert refused.status_code == 400
        assert "is in force" in refused.json()["error"]["what"]

    @pytest.mark.parametrize("verb", ["adopt", "retire", "unretire"])
    def test_who_may_not(self, verb, api, erin, charlie, client):
        assert api(erin).post(f"{FIRST}{verb}/").status_code == 403
        assert api(charlie).post(f"{FIRST}{verb}/").status_code == 404
        assert client.post(f"taxonomies/none@1/{verb}/").status_code == 404
        assert client.get(f"{FIRST}{verb}/").status_code == 405


class TestJsonSchema:
    def test_is_open_to_everyone(self, client):
        for headers in ({}, {"authorization": "Bearer nonsense"}):
            answer = Client(headers=headers).get("/api/schema/taxonomy.json")
            assert answer.status_code == 200
            assert answer["Content-Type"] == "application/schema+json; charset=utf-8"
            assert answer.content.decode() == schema_text()
        assert written("export_taxonomy", schema=True) == schema_text()
