"""Statements that are compiled and planned once: they say what Django's own would."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import BigIntegerField, CharField, F

from evals.models import Project
from reviewapp import access, accounts, sessions
from reviewapp.actions import claims, items, places, reviews, tokens
from reviewapp.desk import carrying
from reviewapp.models import AuditEvent, Membership, Rater, Review, ReviewItem
from reviewapp.prepared import Given, Kept, Statement, insert

pytestmark = pytest.mark.django_db


def plans() -> list[tuple[str, int]]:
    """Statements that this connection has prepared, with how often each was used."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
        return list(cursor.fetchall())


class TestStatement:
    slug = Statement("SELECT id, slug FROM evals_project WHERE slug = %(slug)s")

    def test_it_works(self, project):
        assert self.slug.first({"slug": "support"}) == (project.pk, "support")

    def test_nothing_found(self, project):
        assert self.slug.first({"slug": "other"}) is None

    def test_it_is_prepared_once(self, project):
        statement = Statement("SELECT name, %(id)s::bigint FROM evals_project WHERE id = %(id)s")
        for number in (project.pk, 40_000, 2**40):
            statement.first({"id": number})
        assert [used for text, used in plans() if text == statement.sql.decode()] == [3]

    def test_it_is_in_the_transaction(self, project):
        rename = Statement("UPDATE evals_project SET name = %(name)s WHERE id = %(id)s")
        with transaction.atomic():
            rename.run({"name": "Other", "id": project.pk})
            transaction.set_rollback(True)
        assert Project.objects.get().name == project.name

    def test_errors_are_djangos(self, project):
        with pytest.raises(IntegrityError), transaction.atomic():
            Statement("UPDATE evals_project SET name = NULL WHERE id = %(id)s").run(
                {"id": project.pk}
            )
        with pytest.raises(DataError), transaction.atomic():
            self.slug.first({"slug": "a\0b"})

    def test_queries_are_counted(self, project, django_assert_num_queries):
        with django_assert_num_queries(1):
            self.slug.first({"slug": "support"})

    def test_other_statements_are_not_prepared(self, project):
        self.slug.first({"slug": "support"})
        for _ in range(10):
            assert Project.objects.filter(slug="support").exists()
        assert all("LIMIT 1" not in text for text, _ in plans())


class TestKept:
    member = Kept(
        lambda: (
            Membership.objects.filter(
                project__slug=Given("slug", CharField()), user_id=Given("user", BigIntegerField())
            )
            .exclude(role="100%")
            .annotate(named=F("user__username"))
            .select_related("project__taxonomy_version")
            .defer("project__taxonomy_version__source")
        )
    )

    def test_it_is_what_the_queryset_gives(self, project, alice):
        found = self.member.first(slug="support", user=alice.pk)
        assert (found.role, found.named, found.user_id) == ("lead", "alice", alice.pk)
        assert found == Membership.objects.get(user=alice)
        assert found.project.sampling == project.sampling
        assert found.project.taxonomy_version.get_deferred_fields() == {"source"}

    def test_what_it_relates_to_needs_no_query(self, project, alice, django_assert_num_queries):
        with django_assert_num_queries(1):
            found = self.member.first(slug="support", user=alice.pk)
            assert found.project.taxonomy_version.state == "published"

    def test_nothing_found(self, project, alice):
        assert self.member.first(slug="other", user=alice.pk) is None

    def test_what_is_absent_is_none(self, project, rater, bob):
        kept = Kept(
            lambda: Rater.objects.filter(pk=Given("pk", BigIntegerField())).select_related("user")
        )
        script = Rater.objects.create(project=project, kind="script", name="s")
        assert kept.first(pk=script.pk).user is None
        assert kept.first(pk=rater(project, bob).pk).user == bob

    def test_constants_are_written_out(self, project):
        """So that a partial index is used whose condition they are."""
        kept = Kept(
            lambda: ReviewItem.objects.filter(
                state="pending", project_id=Given("project", BigIntegerField())
            )
        )
        assert kept.first(project=project.pk) is None
        assert b"= ('pending')" in kept.compiled.sql or b"= 'pending'" in kept.compiled.sql
        assert kept.compiled.names_given == ["project"]


class TestInsert:
    def event(self, project: Project, **more: Any) -> AuditEvent:
        return AuditEvent(project=project, actor="a", verb="v", subject="ü", **more)

    def test_it_works(self, project):
        event = self.event(project, data={"a": ["ü", 1.5, None]})
        insert(event)
        assert event.pk
        assert not event._state.adding
        stored = AuditEvent.objects.get(pk=event.pk)
        assert (stored.data, stored.subject, stored.at) == (event.data, "ü", event.at)

    def test_columns_of_every_kind(self, finished_run, rater, project, bob):
        item = finished_run.items.first()
        review = Review(
            item=item,
            rater=rater(project, bob),
            taxonomy_version=finished_run.taxonomy_version,
            baseline="ok",
            corrected_output={"to": [1]},
            duration_s=1.5,
            submission=uuid4(),
        )
        insert(review)
        stored = Review.objects.get(pk=review.pk)
        for field in Review._meta.concrete_fields:
            assert getattr(stored, field.attname) == getattr(review, field.attname), field.name

    def test_constraints_hold(self, project):
        with pytest.raises(IntegrityError), transaction.atomic():
            insert(self.event(project, sequence=1))
        assert not AuditEvent.objects.filter(sequence=1).exists()


#: What a claim and a submission run.
STATEMENTS = {
    "session": sessions._DATA,
    "renew": claims._RENEW,
    "promote": claims._PROMOTE,
    "claim": claims._CLAIM,
    "begin": carrying._THERE,
    "lock": places._LOCK,
    "held": places._HELD,
    "sent": places._SENT,
    "close": reviews._CLOSE,
    "words": items._WORDS,
    "state": items._STATE,
}
KEPT = {
    "user": (accounts._USER, {"pk": 1}),
    "token": (tokens._LIVE, {"digest": ""}),
    "member": (access._MEMBER, {"slug": "", "user": 1}),
    "item": (access._WHOLE, {"project": 1, "pk": 1}),
    "item to judge": (access._TO_JUDGE, {"project": 1, "pk": 1}),
}


class TestPlans:
    """One for all values, and made while a table is small perhaps: each step has an index."""

    @pytest.mark.parametrize("name", STATEMENTS)
    def test_of_a_statement(self, name):
        assert_by_index(STATEMENTS[name].sql)

    @pytest.mark.parametrize("name", KEPT)
    def test_of_a_queryset(self, name):
        kept, values = KEPT[name]
        kept.first(**values)
        assert_by_index(kept.compiled.sql)


def assert_by_index(sql: bytes) -> None:
    with connection.cursor() as cursor:
        # New ones: of a table that was seen empty PostgreSQL thinks that to read it costs nothing.
        cursor.execute("TRUNCATE evals_project, reviewapp_user CASCADE")
        for other in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{other} = off")
        cursor.execute("EXPLAIN (GENERIC_PLAN) " + sql.decode())
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
