from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from evals.models import Project
from reviewapp.actions import audit, projects
from reviewapp.models import AuditEvent
from tests.reviewapp.actions.scenes import at_once


@contextmanager
def tampering():
    """As somebody with the run of the database would."""
    with connection.cursor() as cursor:
        for verb in ("DISABLE", "ENABLE"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE reviewapp_auditevent {verb} TRIGGER append_only")
            if verb == "DISABLE":
                yield


@pytest.fixture
def sealed(project, alice):
    for margin in (0.01, 0.02, 0.03):
        projects.set_policy(project=project, margin=margin, critical_margin=0, by=alice)
    assert audit.seal(project) == 4
    return project


def broken(project):
    return list(audit.broken_links(project))


class TestSeal:
    def test_it_works(self, sealed):
        events = list(AuditEvent.objects.filter(project=sealed).order_by("sequence"))
        assert [event.sequence for event in events] == [1, 2, 3, 4]
        assert len({event.digest for event in events}) == 4
        assert broken(sealed) == []

    def test_it_goes_on_where_it_ended(self, sealed, alice):
        projects.set_policy(project=sealed, margin=0.5, critical_margin=0, by=alice)
        assert audit.seal(sealed) == 1
        assert audit.seal(sealed) == 0
        assert broken(sealed) == []

    def test_each_project_has_its_own(self, sealed, charlie):
        other = projects.create(slug="other", name="Other", preset="assistant", by=charlie)
        assert audit.seal(other) == 1
        assert AuditEvent.objects.get(project=other).sequence == 1

    def test_nothing_to_seal(self, sealed):
        assert audit.seal(sealed) == 0

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_at_once(self, project, alice):
        for margin in range(10):
            projects.set_policy(project=project, margin=margin / 10, critical_margin=0, by=alice)
        assert sorted(at_once(*[lambda: audit.seal(project)] * 3)) == [0, 0, 11]
        assert broken(project) == []

    @pytest.mark.django_db(transaction=True)
    def test_what_commits_late_is_sealed_late(self, project, alice):
        with transaction.atomic():
            audit.record(project=project, by=alice, verb="began early", subject="x")

            def meanwhile():
                audit.record(project=project, by="worker", verb="committed first", subject="x")
                return audit.seal(Project.objects.get(pk=project.pk))

            assert at_once(meanwhile) == [2]
        assert audit.seal(project) == 1
        assert AuditEvent.objects.get(verb="began early").sequence == 3
        assert broken(project) == []


class TestBrokenLinks:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("actor", "mallory"),
            ("verb", "refused"),
            ("subject", "nothing"),
            ("data", {"margin": 0.9}),
            ("by", None),
            ("at", "2020-01-01T00:00:00Z"),
        ],
    )
    def test_an_altered_event(self, sealed, field, value):
        with tampering():
            AuditEvent.objects.filter(sequence=2).update(**{field: value})
        (told,) = broken(sealed)
        assert told.startswith("event 2 (")
        assert told.endswith("was altered")

    def test_an_altered_digest_breaks_two(self, sealed):
        with tampering():
            AuditEvent.objects.filter(sequence=2).update(digest="0" * 64)
        assert [told.split(" (")[0] for told in broken(sealed)] == ["event 2", "event 3"]

    @pytest.mark.parametrize("gone", [1, 2, 3])
    def test_a_missing_event(self, sealed, gone):
        with tampering():
            AuditEvent.objects.filter(sequence=gone).delete()
        assert broken(sealed)[0].startswith(f"event {gone} of the chain is missing")

    def test_two_swapped_events(self, sealed):
        with tampering():
            for before, after in ((2, 99), (3, 2), (99, 3)):
                AuditEvent.objects.filter(sequence=before).update(sequence=after)
        assert len(broken(sealed)) >= 2

    def test_an_event_slipped_in(self, sealed, alice):
        event = audit.record(project=sealed, by=alice, verb="never happened", subject="x")
        with tampering():
            AuditEvent.objects.filter(pk=event.pk).update(sequence=5, digest="f" * 64)
        assert len(broken(sealed)) == 1


class TestRecord:
    def test_without_a_person(self, project):
        event = audit.record(project=project, by="worker", verb="drew", subject="x" * 900)
        assert event.by is None
        assert event.actor == "worker"
        assert len(event.subject) == 200

    @pytest.mark.django_db(transaction=True)
    def test_undone_with_what_it_tells_of(self, project, alice):
        with transaction.atomic():
            audit.record(project=project, by=alice, verb="undone", subject="x")
            transaction.set_rollback(True)
        assert not AuditEvent.objects.filter(verb="undone").exists()
