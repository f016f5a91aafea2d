"""Moving a run that stands on labels from elsewhere: nobody can be asked to say them again."""

import pytest

from reviewapp.actions import relabel, reports
from reviewapp.labelling import moving
from reviewapp.models import Slot
from tests.reviewapp.labelling.importing.scenes import bare, bring, found, record
from tests.reviewapp.labelling.test_elsewhere import of, the
from tests.reviewapp.reports.test_report_schema import problems
from tests.reviewapp.versions import further

MISSED = "label.missed"


@pytest.fixture
def run(project, models):
    return bare(project, models, pairs=4)


@pytest.fixture
def second(project, run):
    """Missed was split in two; None of what was found is retired but False alarm."""

    def made():
        return further(
            project,
            new=("late", "never"),
            out=(MISSED, "label.false-alarm"),
            became={MISSED: "late never", "label.false-alarm": ""},
        )

    return made


def named(request, *categories):
    """A record of the run's own item: what was found on the candidate."""
    sides = {"baseline": "ok", "candidate": "error" if categories else "ok"}
    return record(request, "ann", sides, [found("candidate", c) for c in categories], run="run-1")


def labelled(project, kind):
    one = named if kind == "named" else lambda i, *said: of(i, new=said)
    bring(project, one(1, MISSED), one(2, "value.wrong"), one(3, "label.false-alarm"), one(4))


@pytest.mark.parametrize(("kind", "labels"), [("named", 4), ("loose", 8)])
class TestMoving:
    def test_what_it_would_do(self, project, run, second, kind, labels):
        labelled(project, kind)
        seen = moving.look(run, second())
        assert (seen.follow, seen.elsewhere, seen.untranslatable) == (labels - 2, 1, 1)
        assert (seen.again, seen.items, seen.split) == ([], 0, {})
        assert seen.lost == {"False alarm": 1}

    def test_what_it_does(self, project, run, second, kind, labels):
        labelled(project, kind)
        relabel.move_run(run=run, version=second(), by="test")
        assert not Slot.objects.exists()
        run.refresh_from_db()
        data = reports.refresh(run=run).data
        assert problems(data) == []
        late = the(data, "late")
        assert late["worse"] == 0
        assert (late["difference"]["low"], late["difference"]["high"]) == (-0.25, 0.25)
        assert the(data, "value.wrong")["difference"]["value"] == 0.25
        assert data["overall"]["difference"]["value"] == 0.75
        assert any("“Late” and “Never” are unknown for 1 label" in s for s in _said(data))

    def test_on_the_page(self, project, run, second, kind, labels, as_user, alice):
        labelled(project, kind)
        page = as_user(alice).get("/p/support/runs/run-1/taxonomy/", {"version": str(second())})
        text = page.content.decode()
        assert "<strong>1</strong> label made elsewhere does not say everything" in text
        assert "<strong>0</strong> items go back to the queue" in text


def _said(data):
    return data["taxonomy"]["sentences"]
