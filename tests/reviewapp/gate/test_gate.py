import pytest
from django.utils import timezone

from evals.metrics.estimate import Estimate
from evals.metrics.gold import AgainstGold
from evals.models import Run
from reviewapp.actions import projects
from reviewapp.gate.judge import judge_run
from reviewapp.gate.rules import Rule
from reviewapp.reports.lines import Counts
from taxonomy import interchange
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401
from tests.reviewapp.actions.scenes import review_all


def rule(worse, better, sampled, size, unknown=0, *, key="tone", critical=False):
    counts = Counts([worse], [better], [better], [worse], [sampled], [unknown], [size])
    return Rule(key, str(key).title(), critical, counts)


@pytest.fixture
def run(finished_run):
    """Finished, with nothing left to label."""
    finished_run.items.update(state="resolved", resolved_at=timezone.now())
    return finished_run


@pytest.fixture
def policy(project, alice):
    return projects.set_policy(project=project, margin=0.02, critical_margin=0.005, by=alice)


def verdict(run, *rules, population=1000):
    return judge_run(run, rules, population).data["verdict"]


class TestVerdict:
    """A census of 1,000 requests: half the width is 0.37 points without any error."""

    def test_pass(self, run, policy):
        assert verdict(run, rule(0, 0, 1000, 1000)) == "pass"

    def test_fail(self, run, policy):
        assert verdict(run, rule(60, 0, 1000, 1000)) == "fail"

    def test_undecided(self, run, policy):
        assert verdict(run, rule(20, 0, 1000, 1000)) == "undecided"

    def test_by_the_margin_of_the_critical(self, run, policy):
        assert verdict(run, rule(6, 0, 1000, 1000)) == "pass"
        assert verdict(run, rule(6, 0, 1000, 1000, critical=True)) == "undecided"

    def test_better_is_no_failure(self, run, policy):
        assert verdict(run, rule(0, 500, 1000, 1000)) == "pass"

    def test_one_failing_rule_fails_all(self, run, policy):
        rules = rule(60, 0, 1000, 1000), rule(0, 0, 1000, 1000, key="b")
        assert verdict(run, *rules) == "fail"

    def test_all_must_pass(self, run, policy):
        rules = rule(20, 0, 1000, 1000), rule(0, 0, 1000, 1000, key="b")
        assert verdict(run, *rules) == "undecided"

    def test_a_fail_is_shared_out_over_the_rules(self, run, policy):
        """At 95 % this rule is beyond its margin, at 99.9 % it is not."""
        edge = rule(32, 0, 1000, 1000)
        assert verdict(run, edge) == "fail"
        others = [rule(0, 0, 1000, 1000, key=f"c{i}") for i in range(49)]
        assert verdict(run, edge, *others) == "undecided"

    def test_a_skipped_item_counts_against_a_pass(self, run, policy):
        assert verdict(run, rule(0, 0, 1000, 1000)) == "pass"
        assert verdict(run, rule(0, 0, 970, 1000, unknown=30)) == "undecided"

    def test_no_answers_at_all(self, run, policy):
        assert verdict(run, rule(0, 0, 0, 0)) == "pass"

    def test_the_latest_policy_holds(self, run, policy, project, alice):
        projects.set_policy(project=project, margin=0.001, critical_margin=0.001, by=alice)
        assert verdict(run, rule(0, 0, 1000, 1000)) == "undecided"

    def test_no_policy(self, run):
        found = judge_run(run, [rule(0, 0, 1000, 1000)], 1000).data
        assert found == {"verdict": "no policy", "outlook": None, "rules": [], "waiting": []}

    def test_no_population(self, run, policy):
        found = judge_run(run, [rule(0, 0, 0, 0)], 0).data
        assert (found["verdict"], found["rules"]) == ("undecided", [])
        assert found["smallest_margin"] is None


class TestOneLook:
    """Whatever the intervals say, nothing is decided before all that was drawn is settled."""

    @pytest.mark.parametrize("worse", [0, 60])
    @pytest.mark.parametrize("state", ["pending", "disputed"])
    def test_an_open_item(self, run, policy, worse, state):
        first = run.items.first()
        run.items.filter(pk=first.pk).update(state=state, resolved_at=None)
        found = judge_run(run, [rule(worse, 0, 1000, 1000)], 1000).data
        assert found["verdict"] == "undecided"
        assert found["outlook"] == ("fail" if worse else "pass")
        assert found["waiting"] == ["1 drawn item is not resolved"]

    def test_a_skipped_item_is_not_waited_for(self, run, policy):
        run.items.update(state="skipped", resolved_at=None)
        assert judge_run(run, [rule(0, 0, 1000, 1000)], 1000).data["waiting"] == []

    @pytest.mark.parametrize("state", ["running", "paused", "cancelled"])
    def test_a_run_that_has_not_finished(self, run, policy, state):
        Run.objects.filter(pk=run.pk).update(state=state, finished_at=None)
        run.refresh_from_db()
        found = judge_run(run, [rule(0, 0, 1000, 1000)], 1000).data
        assert (found["verdict"], found["waiting"]) == ("undecided", [f"the run is {state}"])

    def test_nothing_drawn(self, run, policy):
        run.items.all().delete()
        found = judge_run(run, [rule(0, 0, 1000, 1000)], 1000).data
        assert (found["verdict"], found["waiting"]) == (
            "undecided",
            ["nothing was drawn for review"],
        )


class TestLabelsNeeded:
    def needed(self, run, one, population=1000, others=0):
        rules = [one, *[rule(0, 0, 1000, 1000, key=f"c{i}") for i in range(others)]]
        return judge_run(run, rules, population).data["rules"][0]["labels_needed"]

    def test_more_labels_decide_it(self, run, policy):
        needed = self.needed(run, rule(0, 0, 30, 400))
        assert 0 < needed < 370

    def test_none_where_it_is_decided(self, run, policy):
        assert self.needed(run, rule(0, 0, 1000, 1000)) is None

    def test_none_where_no_number_would(self, run, policy):
        assert self.needed(run, rule(20, 0, 1000, 1000)) is None

    def test_the_skipped_ones_where_only_they_stand_in_the_way(self, run, policy):
        assert self.needed(run, rule(0, 0, 970, 1000, unknown=30)) == 30

    def test_never_nought(self, run, policy):
        """Beyond its margin at 95 % and not at the level of a failure among fifty."""
        needed = self.needed(run, rule(20, 0, 600, 620), others=49)
        assert needed is None or needed > 0


class TestEmptyTaxonomy:
    def test_impossible(self):
        with pytest.raises(interchange.TaxonomyError):
            interchange.from_dict({"title": "Nothing", "severities": [], "categories": []})

    def test_no_answer_is_always_a_rule(self, project, finished_run, rater, bob, policy):
        from reviewapp.reports import core as report

        review_all(finished_run, rater(project, bob))
        rules = report.assemble(finished_run).data["gate"]["rules"]
        leaves = finished_run.taxonomy_version.leaves().count()
        assert len(rules) == leaves + 1
        assert rules[-1]["name"] == "no answer"


class TestAllowingForReviewers:
    """Errors of reviewers shrink a difference: to pass, it has to lie within J times the margin."""

    @pytest.fixture
    def held(self, project, alice, monkeypatch):
        projects.set_policy(
            project=project, margin=0.02, critical_margin=0.005, hold_to_j=True, by=alice
        )

        def known(low):
            found = AgainstGold(50, 50, None, None, low and Estimate(0.9, low, 1.0))
            monkeypatch.setattr("reviewapp.desk.gold.per_category", lambda project: {"tone": found})

        return known

    @pytest.mark.parametrize(
        ("low", "said"), [(0.9, "pass"), (0.2, "undecided"), (-0.1, "undecided")]
    )
    def test_a_pass_is_harder(self, run, held, low, said):
        held(low)
        assert verdict(run, rule(6, 0, 1000, 1000)) == said

    def test_a_fail_is_not_easier(self, run, held):
        held(0.2)
        assert verdict(run, rule(15, 0, 1000, 1000)) == "undecided"
        assert verdict(run, rule(60, 0, 1000, 1000)) == "fail"

    def test_where_it_is_not_known_nothing_passes(self, run, held):
        held(None)
        found = judge_run(run, [rule(0, 0, 1000, 1000)], 1000).data["rules"][0]
        assert (found["verdict"], found["pass_margin"], found["j"]) == ("undecided", None, None)
        assert found["labels_needed"] is None

    @pytest.mark.parametrize(
        ("key", "counts", "wanting"),
        [
            ("tone", (0, 4), "with"),
            ("tone", (4, 0), "without"),
            ("tone", (0, 0), "any"),
            ("late", (0, 4), "with"),
            ("", (0, 0), "any"),
        ],
    )
    def test_which_gold_items_are_wanting(self, run, held, monkeypatch, key, counts, wanting):
        held(None)
        found = {key: AgainstGold(*counts, None, None, None)} if key else {}
        monkeypatch.setattr("reviewapp.desk.gold.per_category", lambda project: found)
        data = judge_run(run, [rule(0, 0, 1000, 1000)], 1000).data["rules"][0]
        assert data["gold_wanting"] == wanting

    def test_where_it_is_known_none_is(self, run, held):
        held(0.2)
        data = judge_run(run, [rule(0, 0, 1000, 1000)], 1000).data["rules"][0]
        assert data["gold_wanting"] == ""

    def test_no_answer_is_nobodys_error(self, run, held):
        held(None)
        assert verdict(run, rule(0, 0, 1000, 1000, key=None)) == "pass"
