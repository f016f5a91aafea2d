from reviewapp.actions import members
from reviewapp.models import ApiToken
from tests.reviewapp.api.conftest import Api


class TestMembers:
    def test_it_works(self, api, bob, olga):
        rows = api(bob).get("members/").json()["results"]
        assert {row["username"]: row["role"] for row in rows} == {
            "olga": "owner",
            "bob": "reviewer",
        }


class TestInvitations:
    def test_it_works(self, api, olga, charlie):
        path = (
            api(olga).post("invitations/", {"role": "reviewer", "note": "Charlie"}).json()["path"]
        )
        secret = path.removeprefix("/join/").rstrip("/")
        assert members.accept(secret=secret, user=charlie).role == "reviewer"

    def test_owners_only(self, api, alice):
        assert api(alice).post("invitations/", {"role": "reviewer"}).status_code == 403

    def test_bad_role(self, api, olga):
        assert api(olga).post("invitations/", {"role": "king"}).status_code == 400


class TestTokens:
    def test_it_works(self, api, erin):
        made = api(erin).post("tokens/", {"name": "CI"})
        assert made.status_code == 201
        assert Api(made.json()["token"]).get("").status_code == 200

    def test_a_list_has_no_secrets_and_ones_own_only(self, api, erin, olga):
        secret = api(erin).post("tokens/", {"name": "CI"}).json()["token"]
        response = api(olga).get("tokens/")
        assert len(response.json()["results"]) == 3
        assert secret not in response.content.decode()
        assert {t["username"] for t in api(erin).get("tokens/").json()["results"]} == {"erin"}

    def test_revoke(self, api, erin):
        client = api(erin)
        made = client.post("tokens/", {"name": "CI"}).json()
        assert client.delete(f"tokens/{made['id']}/").status_code == 204
        assert Api(made["token"]).get("").status_code == 401

    def test_anothers(self, api, erin, bob, olga):
        api(erin)
        pk = ApiToken.objects.get(user=erin).pk
        assert api(bob).delete(f"tokens/{pk}/").status_code == 404
        assert api(olga).delete(f"tokens/{pk}/").status_code == 204
