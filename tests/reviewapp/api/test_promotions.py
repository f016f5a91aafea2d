from reviewapp.models import Promotion


class TestPromotions:
    def test_it_works(self, api, alice, bob, finished_run):
        client = api(alice)
        made = client.post("promotions/", {"run": "shadow-11", "note": "please"})
        assert made.status_code == 201, made.content
        assert made.json()["gate"] == "no policy"
        assert made.json()["decision"] is None
        assert api(bob).get("promotions/").json()["results"] == [made.json()]
        assert api(bob).get("promotions/1/").json() == made.json()
        frozen = api(bob).get(f"runs/shadow-11/report/?frozen={made.json()['report']}").json()
        assert frozen["digest"] == made.json()["digest"]

    def test_who_may_not(self, api, erin, charlie, finished_run):
        assert api(erin).post("promotions/", {"run": "shadow-11"}).status_code == 403
        assert api(charlie).post("promotions/", {"run": "shadow-11"}).status_code == 404

    def test_bad_input(self, api, alice, finished_run):
        assert api(alice).post("promotions/", {}).status_code == 400
        assert api(alice).post("promotions/", {"run": "none"}).status_code == 404
        assert api(alice).get("promotions/7/").status_code == 404


class TestDecide:
    def test_it_works(self, api, alice, finished_run):
        client = api(alice)
        client.post("promotions/", {"run": "shadow-11"})
        sent = {"verdict": "approve", "reason": "we know better"}
        response = client.post("promotions/1/decide/", sent)
        assert response.status_code == 200, response.content
        assert response.json()["state"] == "approved"
        assert response.json()["decision"]["against_gate"]
        assert response.json()["decision"]["decided_by"] == "alice"

    def test_once(self, api, alice, finished_run):
        client = api(alice)
        client.post("promotions/", {"run": "shadow-11"})
        sent = {"verdict": "refuse", "reason": "no"}
        client.post("promotions/1/decide/", sent)
        response = client.post("promotions/1/decide/", sent)
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "already_decided"

    def test_bad_input(self, api, alice, erin, finished_run):
        client = api(alice)
        client.post("promotions/", {"run": "shadow-11"})
        for sent in (
            {"verdict": "approve"},
            {"verdict": "approve", "reason": "  "},
            {"verdict": "maybe", "reason": "x"},
        ):
            assert client.post("promotions/1/decide/", sent).status_code == 400
        sent = {"verdict": "approve", "reason": "x"}
        assert api(erin).post("promotions/1/decide/", sent).status_code == 403
        assert Promotion.objects.get().state == "open"
