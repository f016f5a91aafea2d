"""No sequence of edits, publishes, imports, adoptions, moves of runs and reviews loses a label or
changes one; and each reads in every version as the maps say, by a second, plainer reading of them.
"""

from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from evals.sampling import SamplingPlan
from reviewapp.actions import projects, relabel, reviews, taxonomies
from reviewapp.desk.judgement import CheckedFinding, Judgement
from reviewapp.imports import SaidMap
from reviewapp.models import Finding, Review, ReviewItem
from taxonomy import drafts
from taxonomy.interchange import TaxonomyError, content_of, digest, moves_of
from taxonomy.models import TaxonomyVersion
from taxonomy.translation import translation
from tests.reviewapp.actions import scenes
from tests.taxonomy.families import content

#: Places of categories, reviews, versions: whichever there is.
PLACE = st.integers(0, 7)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["split", "merge", "remove", "meaning", "into", "assign", "key", "rename",
                         "define", "add", "under", "move", "severity", "undo"]),
        PLACE, PLACE,
    ),
    min_size=1, max_size=3,
)  # fmt: skip
REFUSED = (
    TaxonomyError,
    taxonomies.DraftChanged,
    relabel.RelabelError,
    reviews.SlotLost,
)


@pytest.mark.django_db
def test_no_sequence_of_changes_loses_or_changes_a_label(project, models, as_rater, bob, dana):
    first = projects.import_taxonomy(
        project=project, name="classification", content=content("a", "b", "c"), by="test"
    )
    run = scenes.recorded(project, models, [scenes.DIFFER] * 4, plan=SamplingPlan(slots=1))
    Life.scene = project, run, first, bob, (as_rater(bob), as_rater(dana))
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=8,
            stateful_step_count=13,
            deadline=None,
            # Making a failure smaller takes minutes here; the steps that led to it are told anyway.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


class Life(RuleBasedStateMachine):
    """A project with one run, in a transaction that is rolled back at the end."""

    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.labels = {}
        self.digests = {}

    @initialize()
    def begin(self):
        project, run, first, self.user, self.raters = self.scene
        self.project = type(project).objects.get(pk=project.pk)
        self.run = type(run).objects.get(pk=run.pk)
        self.taxonomy = first.taxonomy
        for rater in self.raters:  # a label each, in the first version
            self.review(rater=self.raters.index(rater), a=0, b=1)

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    # What people do.

    @rule(rater=st.integers(0, 1), a=PLACE, b=PLACE)
    def review(self, rater, a, b):
        rater = self.raters[rater]
        claim = reviews.claim(project=self.project, rater=rater)
        if claim:
            item = ReviewItem.objects.select_related("run").get(pk=claim.item_id)
            self.store(reviews.submit, item, rater, a, b)

    @rule(place=PLACE, a=PLACE, b=PLACE)
    def revise(self, place, a, b):
        live = list(Review.objects.filter(live=True).order_by("pk"))
        old = live[place % len(live)]
        item = ReviewItem.objects.select_related("run").get(pk=old.item_id)
        self.tried(lambda: self.store(reviews.revise, item, old.rater, a, b))

    def store(self, act, item, rater, a, b):
        version = item.run.taxonomy_version
        leaves, severities = list(version.leaves()), list(version.severities.all())
        chosen = {"baseline": leaves[a % len(leaves)], "candidate": leaves[b % len(leaves)]}
        findings = [
            CheckedFinding(side, category, severities[a % len(severities)], "output", "", None, "")
            for side, category in chosen.items()
        ]
        judgement = Judgement("error", "error", findings, note=f"{a} {b}")
        act(item=item, rater=rater, judgement=judgement, submission=uuid4(), by=self.user)

    @rule(edits=EDITS, end=st.sampled_from(["adopt", "publish", "move", "leave", "discard"]))
    def draft(self, edits, end):
        """Begins a draft or goes on with the one that is open; an edit that is refused is left
        out."""
        version = taxonomies.start_draft(project=self.project, by=self.user)
        for one in edits:
            self.tried(lambda one=one: self.edit(version, *one))
            version.refresh_from_db()
        more = {"project": self.project, "version": version, "revision": version.revision}
        if end == "discard":
            taxonomies.discard(**more, by=self.user)
        elif end != "leave":
            adopt = end == "adopt"
            self.tried(lambda: taxonomies.publish(**more, adopt=adopt, by=self.user))
        if end == "move":
            self.use(-1, "move")

    def edit(self, version, verb, one, two):
        more = {"project": self.project, "version": version, "revision": version.revision}
        if verb == "undo":
            taxonomies.undo(**more, by=self.user)
            return

        def change(draft):
            keys = [category.key for category in draft.new.categories]
            key, other = keys[one % len(keys)], keys[two % len(keys)]
            return {
                "rename": lambda: drafts.edit(draft, key, name=f"Name {two}"),
                "key": lambda: drafts.edit(draft, key, key=f"key-{two}"),
                "meaning": lambda: drafts.edit(
                    draft, key, definition=f"Narrower {two}.", meaning_changed=True
                ),
                "define": lambda: drafts.edit(draft, key, definition=f"Text {two}."),
                "add": lambda: drafts.add(draft, name=f"New {one}{two}", definition=f"{one}{two}"),
                "under": lambda: drafts.add(
                    draft, name=f"Under {one}{two}", definition=f"u{one}{two}", parent=key
                ),
                "remove": lambda: drafts.remove(draft, key),
                "into": lambda: drafts.remove(draft, key, into=other),
                "merge": lambda: drafts.merge(draft, [key], into=other),
                "split": lambda: apart(drafts.split(draft, key, [f"P {one}", f"P {one}{two}"])),
                "assign": lambda: drafts.assign(
                    draft, sorted(draft.moves.categories)[one % len(draft.moves.categories)],
                    [other], relabel=one % 2 == 0,
                ),
                "move": lambda: drafts.move(draft, key, ["up", "down", "in", "out"][two % 4]),
                "severity": lambda: drafts.remove_severity(
                    draft, ["minor", "major"][one % 2], into=["", "minor", "major"][two % 3]
                ),
            }[verb]()  # fmt: skip

        taxonomies.edit(**more, change=change, by=self.user)

    @rule(
        gone=PLACE, into=PLACE, move=st.booleans(),
        how=st.sampled_from(["split", "merge", "relabel", "retire"]),
    )  # fmt: skip
    def bring(self, gone, into, how, move):
        base = self.published().last()
        before = content_of(base)
        leaves = list(base.leaves().values_list("key", flat=True))
        old, new = leaves[gone % len(leaves)], leaves[into % len(leaves)]
        said = {
            "retire": SaidMap((f"{old}=",)),
            "merge": SaidMap((f"{old}={new}",)),
            "split": SaidMap((f"{old}={old},{new}",)),
            "relabel": SaidMap(relabel=(old,)),
        }[how]
        other = content(*before.categories, title=f"{how} {gone}", severities=before.severities)
        self.tried(
            lambda: projects.import_taxonomy(
                project=self.project,
                name=self.taxonomy.name,
                content=other,
                said=said,
                confirmed=True,
                by=self.user,
            )
        )
        if move:
            self.use(-1, "move")

    def published(self):
        return self.taxonomy.versions.exclude(state="draft").order_by("number")

    @rule(place=PLACE, verb=st.sampled_from(["move", "adopt", "retire", "unretire"]))
    def use(self, place, verb):
        there = list(self.published().select_related("taxonomy"))
        version = there[place % len(there)]
        act = {
            "adopt": lambda: projects.set_taxonomy(
                project=self.project, version=version, by=self.user
            ),
            "retire": lambda: projects.retire_taxonomy(
                project=self.project, version=version, by=self.user
            ),
            "unretire": lambda: projects.unretire_taxonomy(
                project=self.project, version=version, by=self.user
            ),
            "move": lambda: relabel.move_run(run=self.run, version=version, by=self.user),
        }[verb]
        self.tried(act)

    def tried(self, act):
        try:
            with transaction.atomic():
                act()
        except REFUSED:
            pass

    # What holds, whatever they did.

    @invariant()
    def every_label_is_as_it_was_made(self):
        now = {review.pk: (self.said(review)) for review in Review.objects.all()}
        for pk, said in self.labels.items():
            assert now[pk] == said
        self.labels = now

    def said(self, review):
        findings = Finding.objects.filter(review=review).order_by("pk")
        return (
            review.rater_id, review.revision, review.note, review.baseline, review.candidate,
            str(review.taxonomy_version),
            [(one.side, one.category.key, one.category.name, one.category.definition,
              one.category.version_id, one.severity.key, one.severity.weight)
             for one in findings.select_related("category", "severity")],
        )  # fmt: skip

    @invariant()
    def each_is_of_one_version(self):
        for one in Finding.objects.select_related("review", "category", "severity"):
            assert one.category.version_id == one.review.taxonomy_version_id
            assert one.severity.version_id == one.review.taxonomy_version_id

    @invariant()
    def published_versions_are_as_they_were(self):
        now = {version.pk: version.digest for version in self.published()}
        for pk, before in self.digests.items():
            assert now[pk] == before
        for pk in now.keys() - self.digests.keys():
            version = TaxonomyVersion.objects.get(pk=pk)
            assert digest(content_of(version)) == version.digest
        self.digests = now

    @invariant()
    def each_reads_in_the_newest_version_as_the_maps_say(self):
        newest = self.published().last()
        for made_in in {review.taxonomy_version for review in Review.objects.all()}:
            found = translation(made_in, newest)
            old = dict(made_in.categories.values_list("pk", "key"))
            new = dict(newest.categories.values_list("pk", "key"))
            for pk, meaning in found.categories.items():
                possible, sure = read(old[pk], made_in, newest)
                assert {new[one] for one in meaning.possible} == possible
                known = meaning.category and new[meaning.category]
                assert known == (next(iter(possible)) if sure and len(possible) == 1 else None)


def apart(draft):
    """Each with a definition of its own: two that are alike stand in the way of publishing."""
    for one in draft.new.categories:
        draft = drafts.edit(draft, one.key, definition=f"Is {one.key}.")
    return draft


def read(key, made_in, newest):
    """By hand: (what the category could be in the newest version, whether it is one of these)."""
    up, down = line(made_in), line(newest)
    shared = next(version for version in up if version in down)
    steps = [backwards(moves_of(one)) for one in up[: up.index(shared)]]
    steps += [forwards(moves_of(one)) for one in reversed(down[: down.index(shared)])]
    possible, sure = {key}, True
    for step in steps:
        reached = [step.get(one, (set(), False)) for one in possible]
        sure = sure and all(certain for _, certain in reached)
        possible = set().union(*(targets for targets, _ in reached))
    return possible, sure


def line(version):
    return [version, *line(version.based_on)] if version.based_on else [version]


def forwards(moves):
    return {
        old: (set(targets), bool(targets) and old not in moves.relabel)
        for old, targets in moves.categories.items()
    }


def backwards(moves):
    found = {}
    for old, targets in moves.categories.items():
        for new in targets:
            olds, sure = found.get(new, (set(), True))
            found[new] = (olds | {old}, sure and old not in moves.relabel)
    return found
