from reviewapp.models import Membership

MINE = "/api/v1/projects/"


class TestProjects:
    def test_it_works(self, api, bob):
        rows = api(bob).get(MINE).json()
        assert rows["next"] is None
        assert rows["results"][0]["slug"] == "support"
        assert rows["results"][0]["taxonomy"] == "classification@1"

    def test_an_outsider_sees_none(self, as_user, charlie, project):
        assert as_user(charlie).get(MINE).json()["results"] == []

    def test_create(self, api, bob):
        response = api(bob).post(MINE, {"slug": "mine", "preset": "assistant"})
        assert response.status_code == 201
        assert response.json()["role"] == "owner"
        assert response.json()["name"] == "mine"
        assert Membership.objects.filter(user=bob).count() == 2

    def test_create_signed_in(self, as_user, bob):
        response = as_user(bob).post(MINE, {"slug": "mine"}, content_type="application/json")
        assert response.status_code == 201
        assert Membership.objects.get(project__slug="mine").user == bob

    def test_bad_input(self, api, bob):
        client = api(bob)
        assert client.post(MINE, {"slug": "a b"}).status_code == 400
        assert client.post(MINE, {"slug": "support"}).status_code == 400
        response = client.post(MINE, {"slug": "mine", "preset": "none"})
        assert response.status_code == 400
        assert "assistant" in response.json()["error"]["what"]


class TestProject:
    def test_it_works(self, api, erin):
        assert api(erin).get("").json()["name"] == "Support triage"
