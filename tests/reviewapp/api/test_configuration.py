class TestComparators:
    def test_it_works(self, api, alice, project):
        client = api(alice)
        before = client.get("comparators/").json()
        assert [c["kind"] for c in before["comparators"]] == ["exact"]
        sent = {"comparators": [{"name": "label", "kind": "label"}]}
        after = client.put("comparators/", sent)
        assert after.status_code == 200
        assert after.json()["digest"] != before["digest"]
        assert client.put("comparators/", after.json()).json() == after.json()

    def test_who_may_not(self, api, erin):
        assert api(erin).put("comparators/", {"comparators": []}).status_code == 403

    def test_bad_input(self, api, alice):
        client = api(alice)
        response = client.put("comparators/", {"comparators": [{"kind": "magic"}, {"kind": 3}]})
        assert response.status_code == 400
        wheres = {problem["where"] for problem in response.json()["error"]["problems"]}
        assert wheres >= {"comparators[0].kind", "comparators[1].kind"}
        assert client.put("comparators/", [1]).status_code == 400


class TestSampling:
    def test_it_works(self, api, alice):
        client = api(alice)
        response = client.put("sampling/", {"labels": 30, "slots": 2})
        assert response.status_code == 200
        assert client.get("sampling/").json() == response.json()
        assert response.json()["labels"] == 30

    def test_bad_input(self, api, alice, erin):
        response = api(alice).put("sampling/", {"slots": 9})
        assert response.status_code == 400
        assert response.json()["error"]["where"] == "slots"
        assert api(alice).put("sampling/", {"slot": 1}).status_code == 400
        assert api(erin).put("sampling/", {"slots": 2}).status_code == 403


class TestPolicy:
    def test_it_works(self, api, alice):
        client = api(alice)
        assert client.get("policy/").json()["margin"] is None
        response = client.put("policy/", {"margin": 0.01, "critical_margin": 0.002})
        assert response.status_code == 200
        assert client.get("policy/").json() == response.json()
        assert response.json()["set_by"] == "alice"

    def test_bad_input(self, api, alice, bob):
        assert api(alice).put("policy/", {"margin": 2, "critical_margin": 0}).status_code == 400
        assert api(alice).put("policy/", {"margin": 0.1}).status_code == 400
        assert api(bob).put("policy/", {"margin": 0, "critical_margin": 0}).status_code == 403

    def test_a_plan_of_looks(self, api, alice):
        margins = {"margin": 0.01, "critical_margin": 0.002}
        plan = {"label_budget": 400, "looks": 10, "hold_to_j": True}
        assert api(alice).put("policy/", margins | plan).status_code == 200
        assert api(alice).get("policy/").json().items() >= plan.items()
        response = api(alice).put("policy/", margins | {"label_budget": 9, "looks": 10})
        assert response.status_code == 400
        assert "at least one label more" in response.content.decode()


TAXONOMY = """
title: Small
severities:
  - {key: minor, name: Minor, weight: 1}
categories:
  - {key: wrong, name: Wrong, definition: It is wrong., default_severity: minor}
"""


class TestTaxonomies:
    def test_yaml(self, api, alice, project):
        client = api(alice)
        made = client.post("taxonomies/", data=TAXONOMY, content_type="application/yaml")
        assert made.status_code == 201, made.content
        assert made.json()["version"] == "classification@2"
        assert made.json()["adopted"]
        rows = client.get("taxonomies/").json()["results"]
        assert [row["adopted"] for row in rows] == [False, True]
        project.refresh_from_db()
        assert str(project.taxonomy_version) == "classification@2"

    def test_json_and_back(self, api, alice):
        client = api(alice)
        client.post("taxonomies/?name=small", data=TAXONOMY, content_type="text/plain")
        whole = client.get("taxonomies/small@1/").json()
        assert whole["content"]["categories"][0]["key"] == "wrong"
        again = client.post("taxonomies/?name=small", whole["content"])
        assert again.status_code == 201
        assert again.json()["version"] == "small@1"

    def test_bad_input(self, api, alice, erin):
        client = api(alice)
        response = client.post("taxonomies/", data="title: x\nwhat: 1\n", content_type="text/plain")
        assert response.status_code == 400
        assert "line 2" in str(response.json()["error"]["problems"])
        assert client.post("taxonomies/", data="", content_type="text/plain").status_code == 400
        too_large = "# " + "x" * 2_000_000
        response = client.post("taxonomies/", data=too_large, content_type="text/plain")
        assert response.status_code == 400
        assert client.get("taxonomies/none@1/").status_code == 404
        response = api(erin).post("taxonomies/", data=TAXONOMY, content_type="text/plain")
        assert response.status_code == 403
