from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from reviewapp.actions import members, tokens
from reviewapp.models import ApiToken, AuditEvent, Invitation, Membership, Role, User
from tests.reviewapp.actions.scenes import at_once


class TestFirstAccount:
    def test_it_works(self, db):
        secret = members.first_account_secret()
        assert members.find(secret).project is None
        user = User.objects.create_user("first")
        assert members.accept(secret=secret, user=user) is None
        with pytest.raises(members.InvitationSpent, match="used already"):
            members.find(secret)

    def test_a_new_link_replaces_the_old_one(self, db):
        old, new = members.first_account_secret(), members.first_account_secret()
        assert members.find(new)
        with pytest.raises(members.InvitationSpent):
            members.find(old)

    def test_none_where_accounts_exist(self, olga):
        assert members.first_account_secret() is None

    def test_not_for_a_second_account(self, db, charlie):
        secret = "s" * 32
        Invitation.objects.create(
            digest=members.digest(secret), expires_at=timezone.now() + members.VALID
        )
        second = User.objects.create_user("second")
        with pytest.raises(members.InvitationSpent, match="first account exists"):
            members.accept(secret=secret, user=second)

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_make_one(self):
        secret = members.first_account_secret()

        def join(name):
            def call():
                with transaction.atomic():
                    user = User.objects.create_user(name)
                    members.accept(secret=secret, user=user)

            return call

        results = at_once(join("one"), join("two"))
        assert User.objects.count() == 1
        assert sum(isinstance(one, members.InvitationSpent) for one in results) == 1


class TestInvite:
    def test_it_works(self, project, olga, charlie):
        secret = members.invite(project=project, role="reviewer", note="for Charlie", by=olga)
        assert members.accept(secret=secret, user=charlie).role == Role.REVIEWER
        verbs = list(AuditEvent.objects.filter(project=project).values_list("verb", flat=True))
        assert verbs[-2:] == ["invited", "joined as"]

    def test_the_secret_is_not_stored(self, project, olga):
        secret = members.invite(project=project, role="lead", by=olga)
        row = Invitation.objects.filter(project=project).values().get()
        assert secret not in str(row)
        assert row["digest"] == members.digest(secret)
        events = AuditEvent.objects.filter(verb="invited").values()
        assert secret not in str(list(events))

    def test_no_such_role(self, project, olga):
        with pytest.raises(ValueError, match="king"):
            members.invite(project=project, role="king", by=olga)

    def test_used_twice(self, project, olga, charlie, bob):
        secret = members.invite(project=project, role="lead", by=olga)
        members.accept(secret=secret, user=charlie)
        with pytest.raises(members.InvitationSpent, match="used already"):
            members.accept(secret=secret, user=bob)

    def test_a_member_keeps_their_role(self, project, olga, bob):
        secret = members.invite(project=project, role="owner", by=olga)
        assert members.accept(secret=secret, user=bob).role == Role.REVIEWER

    def test_run_out(self, project, olga, charlie):
        secret = members.invite(project=project, role="lead", by=olga)
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        with pytest.raises(members.InvitationSpent, match="run out"):
            members.accept(secret=secret, user=charlie)
        assert not Membership.objects.filter(user=charlie).exists()

    def test_withdrawn(self, project, olga, charlie):
        secret = members.invite(project=project, role="lead", by=olga)
        invitation = members.find(secret)
        members.withdraw(invitation=invitation, by=olga)
        with pytest.raises(members.InvitationSpent):
            members.accept(secret=secret, user=charlie)

    def test_withdrawn_too_late(self, project, olga, charlie):
        secret = members.invite(project=project, role="lead", by=olga)
        invitation = members.find(secret)
        members.accept(secret=secret, user=charlie)
        with pytest.raises(members.InvitationSpent, match="remove the member"):
            members.withdraw(invitation=invitation, by=olga)

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once(self, project, olga, charlie):
        secret = members.invite(project=project, role="lead", by=olga)
        frank = User.objects.create_user("frank")
        results = at_once(
            lambda: members.accept(secret=secret, user=charlie),
            lambda: members.accept(secret=secret, user=frank),
        )
        assert Membership.objects.filter(project=project, role="lead").count() == 1
        assert sum(isinstance(one, members.InvitationSpent) for one in results) == 1


class TestChangeRole:
    def test_it_works(self, project, olga, bob):
        membership = Membership.objects.get(user=bob)
        members.change_role(membership=membership, role="lead", by=olga)
        membership.refresh_from_db()
        assert membership.role == "lead"
        event = AuditEvent.objects.get(verb="changed the role of")
        assert event.data == {"from": "reviewer", "to": "lead"}

    def test_no_such_role(self, project, olga, bob):
        with pytest.raises(ValueError, match="king"):
            members.change_role(membership=Membership.objects.get(user=bob), role="king", by=olga)

    def test_the_last_owner_stays(self, project, olga):
        membership = Membership.objects.get(user=olga)
        with pytest.raises(members.LastOwner):
            members.change_role(membership=membership, role="lead", by=olga)
        members.change_role(membership=membership, role="owner", by=olga)

    def test_an_owner_since_the_page_was_read(self, project, olga, bob):
        """The page still shows Bob as a reviewer; by now he is the only owner."""
        stale = Membership.objects.get(user=bob)
        Membership.objects.filter(user=bob).update(role="owner")
        Membership.objects.filter(user=olga).update(role="lead")
        with pytest.raises(members.LastOwner):
            members.change_role(membership=stale, role="engineer", by=olga)

    @pytest.mark.django_db(transaction=True)
    def test_two_owners_leave_at_once(self, project, olga, alice):
        Membership.objects.filter(user=alice).update(role="owner")
        both = list(Membership.objects.filter(role="owner"))
        results = at_once(
            lambda: members.change_role(membership=both[0], role="lead", by=olga),
            lambda: members.remove(membership=both[1], by=alice),
        )
        assert Membership.objects.filter(project=project, role="owner").count() == 1
        assert sum(isinstance(one, members.LastOwner) for one in results) == 1


class TestRemove:
    def test_it_works(self, project, olga, erin):
        _, secret = tokens.make(project=project, name="ci", by=erin)
        members.remove(membership=Membership.objects.get(user=erin), by=olga)
        assert not Membership.objects.filter(user=erin).exists()
        assert tokens.find(secret) is None
        assert AuditEvent.objects.filter(verb="removed", subject="erin", by=olga).exists()

    def test_twice_is_once(self, project, olga, bob):
        membership, again = Membership.objects.get(user=bob), Membership.objects.get(user=bob)
        members.remove(membership=membership, by=olga)
        members.remove(membership=again, by=olga)
        assert AuditEvent.objects.filter(verb="removed").count() == 1

    def test_the_last_owner_stays(self, project, olga):
        with pytest.raises(members.LastOwner):
            members.remove(membership=Membership.objects.get(user=olga), by=olga)


class TestTokens:
    def test_it_works(self, project, erin):
        token, secret = tokens.make(project=project, name="ci", by=erin)
        assert tokens.find(secret) == token
        token.refresh_from_db()
        assert token.last_used_at is not None

    def test_the_secret_is_not_stored(self, project, erin):
        token, secret = tokens.make(project=project, name="ci", by=erin)
        row = ApiToken.objects.filter(pk=token.pk).values().get()
        assert secret not in str(row)
        assert len(row["prefix"]) == 8
        assert secret[8:] not in str(list(AuditEvent.objects.values()))

    def test_revoked(self, project, erin):
        token, secret = tokens.make(project=project, name="ci", by=erin)
        tokens.revoke(token=token, by=erin)
        revoked = token.revoked_at
        tokens.revoke(token=token, by=erin)
        assert tokens.find(secret) is None
        assert token.revoked_at == revoked

    def test_of_somebody_who_may_not_sign_in_any_more(self, project, erin):
        _, secret = tokens.make(project=project, name="ci", by=erin)
        User.objects.filter(pk=erin.pk).update(is_active=False)
        assert tokens.find(secret) is None

    @pytest.mark.parametrize("secret", ["", "cc_", "nothing", "\0"])
    def test_unknown(self, db, secret):
        assert tokens.find(secret) is None

    def test_use_is_noted_once_a_minute(self, project, erin, django_assert_num_queries):
        _, secret = tokens.make(project=project, name="ci", by=erin)
        tokens.find(secret)
        with django_assert_num_queries(1):
            tokens.find(secret)
