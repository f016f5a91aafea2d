import pytest


class TestModels:
    def test_it_works(self, api, erin):
        client = api(erin)
        sent = {
            "name": "org/triage-12",
            "provider": "openai",
            "base_url": "http://127.0.0.1:8080/v1",
            "upstream_model": "small",
            "parameters": {"temperature": 0},
            "price_input": "0.15",
        }
        made = client.post("models/", sent)
        assert made.status_code == 201, made.content
        assert client.get("models/").json()["results"] == [made.json()]
        assert client.get("models/org/triage-12/").json()["parameters"] == {"temperature": 0}

    def test_who_may_not(self, api, bob, charlie):
        assert api(bob).post("models/", {"name": "x"}).status_code == 403
        assert api(bob).get("models/").status_code == 200
        assert api(charlie).post("models/", {"name": "x"}).status_code == 404

    @pytest.mark.parametrize(
        ("sent", "where"),
        [
            ({}, "name"),
            ({"name": "x" * 121}, "name"),
            ({"name": "x", "prompt": "{{ nothing }}"}, "prompt"),
            ({"name": "x", "price_input": "much"}, "price_input"),
            ({"name": "x", "price_input": "-0.1"}, ""),
            ({"name": "x", "price_inptu": "0.1"}, "price_inptu"),
            ({"name": "triage-09"}, ""),
        ],
    )
    def test_bad_input(self, api, erin, models, sent, where):
        response = api(erin).post("models/", sent)
        assert response.status_code == 400
        assert response.json()["error"]["where"] == where


class TestChange:
    def test_it_works(self, api, erin, models):
        response = api(erin).patch("models/triage-11/", {"prompt": "Say: {{ input }}"})
        assert response.status_code == 200
        assert response.json()["prompt"] == "Say: {{ input }}"

    def test_frozen_with_outputs(self, api, erin, finished_run):
        client = api(erin)
        response = client.patch("models/triage-11/", {"prompt": "Say: {{ input }}"})
        assert response.status_code == 409
        assert "outputs" in response.json()["error"]["what"]
        assert client.patch("models/triage-11/", {"benchmarks": {"X": 1}}).status_code == 200

    def test_unknown(self, api, erin):
        assert api(erin).get("models/none/").status_code == 404


class TestProviders:
    def test_http_json(self, api, erin):
        options = {"body": {"q": "{{ input }}"}, "output": "$.a", "headers": {"K": "$MODEL_K"}}
        sent = {"name": "x", "provider": "http_json", "base_url": "http://127.0.0.1:1/v1"}
        made = api(erin).post("models/", {**sent, "options": options, "requests_per_minute": 60})
        assert made.status_code == 201, made.content
        assert made.json()["options"] == options
        assert made.json()["requests_per_minute"] == 60

    def test_recorded(self, api, erin):
        sent = {"name": "x", "provider": "recorded", "options": {"file": "a.jsonl"}}
        assert api(erin).post("models/", sent).status_code == 201

    @pytest.mark.parametrize(
        ("sent", "where", "words"),
        [
            ({"provider": "recorded", "options": {"file": "../a.jsonl"}}, "options", "without .."),
            ({"provider": "http_json", "base_url": "http://x/"}, "", "http_json an address"),
            (
                {"provider": "openai", "base_url": "http://me:pass@x/", "upstream_model": "m"},
                "base_url",
                "no name or password",
            ),
            (
                {
                    "provider": "http_json",
                    "base_url": "http://x/",
                    "options": {"body": 1, "output": "$", "headers": {"K": "$HOME"}},
                },
                "options",
                "HOME is not open to model versions",
            ),
            ({"prompt": "{% set a = 1 %}"}, "prompt", "line 1 of the template"),
            ({"requests_per_minute": 0}, "", "limits a minute at least 1"),
            ({"concurrency": 257}, "", "Calls at a time are 1 to 256"),
        ],
    )  # fmt: skip
    def test_bad_input(self, api, erin, sent, where, words):
        error = api(erin).post("models/", {"name": "x", **sent}).json()["error"]
        assert (error["code"], error["where"]) == ("invalid", where), error
        assert words in str(error)
