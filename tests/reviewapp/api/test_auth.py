from reviewapp.actions import members, projects, tokens
from reviewapp.models import ApiToken, Membership
from tests.reviewapp.api.conftest import HERE, Api


class TestToken:
    def test_it_works(self, api, erin):
        response = api(erin).get("")
        assert response.status_code == 200
        assert response.json()["role"] == "engineer"

    def test_it_has_the_role_of_now(self, api, erin, project, olga):
        client = api(erin)
        assert client.put("policy/", {"margin": 0.01, "critical_margin": 0}).status_code == 403
        membership = Membership.objects.get(user=erin)
        members.change_role(membership=membership, role="lead", by=olga)
        assert client.put("policy/", {"margin": 0.01, "critical_margin": 0}).status_code == 200

    def test_a_removed_member_is_a_stranger(self, api, erin, olga):
        client = api(erin)
        Membership.objects.get(user=erin).delete()  # and the token is forgotten to be revoked
        assert client.get("").status_code == 404

    def test_removal_revokes(self, api, erin, olga):
        client = api(erin)
        members.remove(membership=Membership.objects.get(user=erin), by=olga)
        assert client.get("").status_code == 401

    def test_another_project_is_not_there(self, olga, project):
        other = projects.create(slug="other", name="Other", preset="classification", by=olga)
        client = Api(tokens.make(project=other, name="x", by=olga)[1])
        assert client.get("").status_code == 404
        assert client.get("/api/v1/projects/other/").status_code == 200
        assert [p["slug"] for p in client.get("/api/v1/projects/").json()["results"]] == ["other"]
        assert client.get("").json() == client.get("/api/v1/projects/none/").json()

    def test_an_outsider(self, api, charlie):
        assert api(charlie).get("").status_code == 404

    def test_unknown_or_none(self, client, project):
        response = Api("cc_wrong").get("")
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert "token" in response.json()["error"]["what"]
        assert client.get(HERE).status_code == 401

    def test_its_use_is_noted(self, api, erin):
        api(erin).get("")
        assert ApiToken.objects.get().last_used_at


class TestSession:
    def test_it_works(self, as_user, bob):
        assert as_user(bob).get(HERE).json()["role"] == "reviewer"

    def test_writing_needs_the_csrf_token(self, erin, as_user):
        client = as_user(erin)
        client.handler.enforce_csrf_checks = True
        response = client.post(f"{HERE}models/", {"name": "x"}, content_type="application/json")
        assert response.status_code == 403
        assert "CSRF" in response.json()["error"]["what"]
