import json
import os
import subprocess
import sys
from unittest import mock
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command

from evals.models import Run
from reviewapp.actions import projects, reports, reviews
from reviewapp.desk.judgement import check
from reviewapp.models import Report, ReviewItem

SIDES = ("--baseline", "triage-09", "--candidate", "triage-11")


class TestStartRun:
    def test_it_works(self, manage, models):
        ran = manage("start_run", "support", "shadow-1", *SIDES, "--days", "3")
        assert ran.code == 0, ran.err
        run = Run.objects.get()
        assert (run.kind, run.started_by) == ("shadow", "command line")
        assert "triage-11 against triage-09" in ran.out

    def test_json_and_by(self, manage, models, erin):
        ran = manage("start_run", "support", "s", *SIDES, "--by", "erin", "--json")
        assert json.loads(ran.out)["candidate"] == "triage-11"
        assert Run.objects.get().started_by == "erin"

    def test_limits(self, manage, models):
        ran = manage(
            "start_run", "support", "s", *SIDES, "--share", "0.2", "--cap", "12.5", "--json"
        )
        said = json.loads(ran.out)
        assert (said["traffic_share"], said["cap_usd"], said["samples"]) == (0.2, "12.5", 0)

    def test_bad_input(self, manage, models):
        for args, word in (
            (("support", "a b", *SIDES), "slug"),
            (("support", "a", *SIDES, "--cap", "much"), "write US dollars"),
            (("support", "a", *SIDES, "--samples", "2"), "offline run"),
            (("support", "a", *SIDES, "--share", "2"), "from 0 to 1"),
            (("support", "a", *SIDES[:2], "--candidate", "none"), "triage-11"),
            (("support", "a", *SIDES[:2], "--candidate", "triage-09"), "same"),
            (("support", "a", *SIDES, "--evalset", "none"), "no eval set"),
            (("support", "a", *SIDES, "--recorded"), "No traffic"),
            (("support", "a"), "--baseline"),
        ):
            ran = manage("start_run", *args)
            assert ran.code == 1
            assert word in ran.err
        assert not Run.objects.exists()


class TestReport:
    def test_it_works(self, manage, finished_run):
        ran = manage("report", "support", "shadow-11")
        assert ran.code == 0, ran.err
        assert "58.3 % of outputs differ" in ran.out
        assert "0 labels of 12 drawn items" in ran.out
        assert Report.objects.count() == 1

    def test_a_table_once_there_are_labels(self, manage, finished_run, bob, rater, project):
        item = ReviewItem.objects.first()
        reviewer = rater(project, bob)
        reviews.claim_item(item=item, rater=reviewer)
        judgement = check({"sides": {"A": "ok", "B": "ok"}}, item, reviewer)
        reviews.submit(item=item, rater=reviewer, judgement=judgement, submission=uuid4(), by=bob)
        out = manage("report", "support", "shadow-11").out
        head = next(line for line in out.splitlines() if line.startswith("category"))
        assert head.split() == ["category", "production", "candidate", "difference", "verdict"]

    def test_nobody_reads(self, finished_run, monkeypatch):
        """`report … | head -1`: no traceback, and for the gate no verdict."""
        stdout = mock.Mock(write=mock.Mock(side_effect=BrokenPipeError))
        monkeypatch.setattr("os.dup2", lambda *_: None)
        monkeypatch.setattr("sys.stdout", mock.Mock(fileno=lambda: 1))
        for name, code in (("report", 1), ("gate", 3)):
            with pytest.raises(SystemExit) as stop:
                call_command(name, "support", "shadow-11", stdout=stdout)
            assert stop.value.code == code

    def test_computed_only_where_it_is_needed(self, manage, finished_run):
        manage("report", "support", "shadow-11")
        first = Report.objects.get().computed_at
        manage("report", "support", "shadow-11")
        assert Report.objects.get().computed_at == first
        manage("report", "support", "shadow-11", "--fresh")
        assert Report.objects.get().computed_at > first

    def test_json(self, manage, finished_run):
        data = json.loads(manage("report", "support", "shadow-11", "--json").out)
        assert data["population"]["requests"] == 12

    def test_a_run_without_comparisons(self, manage, models):
        manage("start_run", "support", "empty", *SIDES)
        ran = manage("report", "support", "empty")
        assert "No request has been compared yet" in ran.out

    def test_unknown(self, manage, finished_run):
        assert manage("report", "support", "none").code == 1


class TestGate:
    def verdict(self, monkeypatch, verdict):
        data = {"gate": {"verdict": verdict}, "sentences": [f"Gate: {verdict}."]}
        monkeypatch.setattr(reports, "refresh", lambda run: Report(data=data))

    @pytest.mark.parametrize(
        ("verdict", "code"), [("pass", 0), ("fail", 1), ("undecided", 2), ("no policy", 2)]
    )
    def test_codes(self, manage, finished_run, monkeypatch, verdict, code):
        self.verdict(monkeypatch, verdict)
        ran = manage("gate", "support", "shadow-11")
        assert ran.code == code
        assert ran.out == f"Gate: {verdict}.\n"

    def test_no_policy(self, manage, finished_run):
        ran = manage("gate", "support", "shadow-11", "--json")
        assert ran.code == 2
        assert json.loads(ran.out)["verdict"] == "no policy"

    def test_not_labelled(self, manage, finished_run, project, olga):
        projects.set_policy(project=project, margin=0.1, critical_margin=0.01, by=olga)
        ran = manage("gate", "support", "shadow-11")
        assert ran.code == 2
        assert "12 drawn items are not resolved" in ran.out

    def test_unknown(self, manage, finished_run):
        assert manage("gate", "support", "none").code == 3
        assert manage("gate", "none", "shadow-11").code == 3

    def test_a_crash_is_no_verdict(self, manage, finished_run, monkeypatch):
        def fails(run, version=None):
            raise ZeroDivisionError("no")

        monkeypatch.setattr("reviewapp.reports.core.assemble", fails)
        assert manage("gate", "support", "shadow-11").code == 3

    @pytest.mark.parametrize("args", [(), ("support",), ("a", "b", "c"), ("a", "b", "--what")])
    def test_usage(self, args):
        ran = command_line("gate", *args)
        assert ran.returncode == 3
        assert "usage" in ran.stderr

    def test_no_database(self):
        nowhere = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}
        ran = command_line("gate", "support", "shadow-11", env=nowhere)
        assert ran.returncode == 3
        assert "Traceback" not in ran.stderr

    def test_help_is_no_error(self):
        assert command_line("gate", "--help").returncode == 0


def command_line(*args, env=None):
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=settings.BASE_DIR,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
