import json
from uuid import uuid4

import pytest

from evals.evalsets import EvalSetError
from evals.models import EvalSet, EvalSetVersion, Example
from evals.records import decode_lines
from reviewapp.actions import evalsets, items, runs
from reviewapp.actions.reviews import adjudicate
from reviewapp.models import AuditEvent, ReviewItem
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import at_once, judged, review, review_all


def grown(run, by, name="gold"):
    evalset = EvalSet.objects.filter(project=run.project, name=name).first()
    return evalsets.grow(evalset=evalset or EvalSet(project=run.project, name=name), run=run, by=by)


def example(item):
    return Example.objects.filter(request=item.comparison.request).order_by("-version").first()


class TestCreate:
    LINES = b'{"id":"e1","input":"a","expected":"x"}\n{"id":"e2","input":"b","expected":"y"}\n'

    def test_it_works(self, project, erin):
        version = evalsets.create(
            project=project, name="gold", lines=decode_lines([self.LINES]), file="f", by=erin
        )
        assert (str(version), version.size) == ("gold@1", 2)
        assert version.examples.first().provenance == {"file": "f", "line": 1}
        event = AuditEvent.objects.get(verb="made eval set")
        assert event.data == {"digest": version.digest, "examples": 2}

    def test_a_bad_line_makes_nothing(self, project, erin):
        lines = decode_lines([self.LINES + b'{"id":"e3","input":"c"}\n'])
        with pytest.raises(EvalSetError, match="line 3"):
            evalsets.create(project=project, name="gold", lines=lines, by=erin)
        assert not EvalSet.objects.exists()
        assert not project.requests.exists()


class TestGrow:
    def test_it_works(self, run, item, erin, as_rater, bob):
        review(item, as_rater(bob), "label.missed", "")
        version, changed = grown(run, erin)
        assert (str(version), changed) == ("gold@1", 1)
        made = version.examples.get()
        assert made.expected == "bbbb"
        assert made.origin == "discrepancy"
        assert made.provenance["run"] == "run-1"
        assert made.provenance["item"] == item.pk
        assert made.provenance["reviewer"] == "bob"
        assert made.provenance["reviewer_kind"] == "member"
        assert made.provenance["answer"] == "an output that was judged ok"

    def test_from_the_audit_sample(self, run, erin, as_rater, bob):
        same = run.items.filter(stratum="identical").first()
        review(same, as_rater(bob))
        grown(run, erin)
        assert example(same).origin == "traffic"
        assert example(same).expected == "same"

    def test_nothing_resolved(self, run, erin):
        with pytest.raises(evalsets.NothingToAdd):
            grown(run, erin)
        assert not EvalSet.objects.exists()

    def test_nothing_known(self, run, item, erin, as_rater, bob):
        review(item, as_rater(bob), "label.missed", "label.missed")
        with pytest.raises(evalsets.NothingToAdd):
            grown(run, erin)

    def test_nothing_new_is_the_same_version(self, run, item, erin, as_rater, bob):
        review(item, as_rater(bob), "label.missed", "")
        first, _ = grown(run, erin)
        again, changed = grown(run, erin)
        assert (again, changed) == (first, 0)
        assert AuditEvent.objects.filter(verb="made eval set").count() == 1

    def test_what_was_there_stays_and_keeps_its_place(self, run, project, erin, as_rater, bob):
        one, two = run.items.filter(stratum="differ/far")[:2]
        review(one, as_rater(bob), "label.missed", "")
        grown(run, erin)
        review(two, as_rater(bob), "", "label.missed")
        version, changed = grown(run, erin)
        assert (version.number, version.size, changed) == (2, 2, 1)
        requests = version.examples.order_by("position").values_list("request", flat=True)
        assert list(requests) == [one.comparison.request_id, two.comparison.request_id]

    def test_an_example_keeps_where_it_came_from(self, project, models, run, erin, as_rater, bob):
        """A discrepancy on an imported example does not make it one of the hard cases."""
        rows = scenes.records([scenes.DIFFER], expected="aaaa")
        rows[0]["id"] = "imported"
        lines = decode_lines([json.dumps(rows[0]).encode()])
        evalsets.create(project=project, name="gold", lines=lines, file="f", by=erin)
        offline = runs.start(
            project=project,
            name="offline",
            baseline=models[0],
            candidate=models[1],
            evalset_version=EvalSetVersion.objects.get(),
            by=erin,
        )
        scenes.finish(offline)
        items.draw(run=offline)
        item = offline.items.get()
        review(item, as_rater(bob), "", "label.missed")  # the baseline's "aaaa" is right
        version, changed = grown(offline, erin)
        assert (version.number, changed) == (1, 0)
        review(run.items.first(), as_rater(bob), "label.missed", "")
        grown(run, erin)
        assert example(item).origin == "import"
        assert example(item).provenance["file"] == "f"

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_lose_nothing(self, project, models, erin, as_rater, bob):
        first = scenes.recorded(project, models, [scenes.DIFFER])
        review_all(first, as_rater(bob), lambda item: ("label.missed", ""))
        grown(first, erin)
        rows = scenes.records([scenes.DIFFER] * 2)
        second = scenes.recorded(project, models, rows=rows, name="run-2")
        for pk in second.items.values_list("pk", flat=True):
            review(ReviewItem.objects.get(pk=pk), as_rater(bob), "", "label.missed")
        evalset = EvalSet.objects.get()
        at_once(
            lambda: evalsets.grow(evalset=evalset, run=first, by=erin),
            lambda: evalsets.grow(evalset=evalset, run=second, by=erin),
        )
        assert evalset.versions.order_by("-number").first().size == 2


class TestCorrectOutput:
    """What is taken as known, in this order."""

    def test_what_a_reviewer_wrote(self, item, run, erin, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed", corrected_output="cccc")
        grown(run, erin)
        assert example(item).expected == "cccc"
        assert example(item).provenance["answer"] == "written by the reviewer"

    def test_written_by_the_second_of_two_who_agree(self, double, erin, as_rater, bob, dana):
        review(double, as_rater(bob), "label.missed", "")
        review(double, as_rater(dana), "label.missed", "", corrected_output="cccc")
        grown(double.run, erin)
        assert example(double).expected == "cccc"
        assert example(double).provenance["reviewer"] == "dana"

    def test_both_ok_is_what_production_said(self, item, run, erin, as_rater, bob):
        review(item, as_rater(bob))
        grown(run, erin)
        assert example(item).expected == "aaaa"

    def test_what_was_known_before(self, project, models, erin, as_rater, bob):
        rows = scenes.records([scenes.DIFFER] * 2, expected="dddd")
        run = scenes.recorded(project, models, rows=rows)
        both, neither = run.items.all()
        review(both, as_rater(bob))
        review(neither, as_rater(bob), "label.missed", "label.missed")
        grown(run, erin)
        assert {example(one).expected for one in (both, neither)} == {"dddd"}
        assert example(both).provenance["answer"] == "known before"

    def test_the_authoritative_review_alone(self, double, erin, as_rater, alice, bob, dana):
        """A rater who was overruled does not make an example of what was found wrong."""
        review(double, as_rater(bob), "label.missed", "")
        review(double, as_rater(dana), "", "label.missed", corrected_output="dddd")
        double.refresh_from_db()
        adjudicate(
            item=double,
            rater=as_rater(alice),
            judgement=judged(double, "label.missed", "label.missed"),
            submission=uuid4(),
            by=alice,
        )
        with pytest.raises(evalsets.NothingToAdd):
            grown(double.run, erin)

    def test_of_a_served_extract(self, project, models, erin, as_rater, bob):
        """Where the application serves a label, the label is the correct output."""
        pipeline = {
            "serves_extract": True,
            "comparators": [
                {"kind": "label", "extract": [{"by": "regex", "pattern": r"\[(\w+)\]"}]}
            ],
        }
        pair = ("I think it is [spam]", "Surely [ham]")
        run = scenes.recorded(project, models, [pair], pipeline=pipeline)
        review(run.items.get(), as_rater(bob), "label.missed", "")
        grown(run, erin)
        assert example(run.items.get()).expected == "ham"
