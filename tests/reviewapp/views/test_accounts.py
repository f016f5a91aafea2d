import pytest
from django.test import Client

from evals.models import Project
from reviewapp.actions import members
from reviewapp.models import Invitation, Membership, User

pytestmark = pytest.mark.django_db
NEW = {"username": "frida", "password1": "zebra-crossing-7", "password2": "zebra-crossing-7"}


@pytest.fixture
def link(project: Project, olga: User) -> str:
    return f"/join/{members.invite(project=project, role='reviewer', by=olga)}/"


class TestJoin:
    def test_it_works(self, link: str, project: Project) -> None:
        client = Client()
        assert "Join Support triage" in client.get(link).content.decode()
        assert client.post(link, NEW)["Location"] == "/p/support/"
        assert Membership.objects.get(user__username="frida").role == "reviewer"
        assert client.get("/p/support/").status_code == 200

    def test_the_first_account(self, db: None) -> None:
        client, secret = Client(), members.first_account_secret()
        assert "first account" in client.get(f"/join/{secret}/").content.decode()
        assert client.post(f"/join/{secret}/", NEW)["Location"] == "/"
        assert "You are in no project yet" in client.get("/").content.decode()

    def test_a_signed_in_user_needs_one_button(self, as_user, link: str, charlie: User) -> None:
        client = as_user(charlie)
        assert "Join as reviewer" in client.get(link).content.decode()
        assert client.post(link)["Location"] == "/p/support/"

    def test_looking_does_not_use_the_link_up(self, as_user, link: str, charlie: User) -> None:
        as_user(charlie).get(link)
        assert Invitation.objects.get().accepted_at is None

    def test_a_member_leaves_the_link_to_others(self, as_user, link: str, olga: User) -> None:
        client = as_user(olga)
        assert "already" in client.post(link).content.decode()
        assert Invitation.objects.get().accepted_at is None

    def test_a_link_works_once(self, link: str) -> None:
        Client().post(link, NEW)
        answer = Client().post(link, {**NEW, "username": "gerd"})
        assert answer.status_code == 410
        assert not User.objects.filter(username="gerd").exists()

    def test_a_link_that_never_was(self, db: None) -> None:
        answer = Client().get("/join/nothing/")
        assert answer.status_code == 410
        assert "This link does not work" in answer.content.decode()

    def test_a_weak_password(self, link: str) -> None:
        weak = {**NEW, "password1": "12345678", "password2": "12345678"}
        page = Client().post(link, weak).content.decode()
        assert "too common" in page
        assert not User.objects.filter(username="frida").exists()

    def test_a_name_that_is_taken_in_other_case(self, link: str) -> None:
        page = Client().post(link, {**NEW, "username": "OLGA"}).content.decode()
        assert "already exists" in page


class TestAllauthPages:
    @pytest.mark.parametrize("page", ["login", "signup", "password/reset", "inactive"])
    def test_they_look_like_ours(self, db: None, page: str) -> None:
        text = Client().get(f"/accounts/{page}/").content.decode()
        assert 'class="brand"' in text
        assert "<script>" not in text
        assert "style=" not in text

    @pytest.mark.parametrize("page", ["logout", "password/change", "reauthenticate", "email"])
    def test_those_of_an_account(self, as_user, charlie: User, page: str) -> None:
        text = as_user(charlie).get(f"/accounts/{page}/", follow=True).content.decode()
        assert 'class="brand"' in text

    def test_signing_in(self, charlie: User) -> None:
        body = {"login": "charlie", "password": "charlie-password-1"}
        assert Client().post("/accounts/login/", body)["Location"] == "/"

    def test_a_wrong_password(self, charlie: User) -> None:
        page = Client().post("/accounts/login/", {"login": "charlie", "password": "no"})
        assert "not correct" in page.content.decode()
        assert 'autocomplete="current-password"' in page.content.decode()

    def test_nobody_signs_up_alone(self, db: None) -> None:
        Client().post("/accounts/signup/", NEW)
        assert not User.objects.exists()
