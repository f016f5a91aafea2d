"""A project whose labels are of three categories, and the next content of its taxonomy."""

from dataclasses import replace

from evals.sampling import SamplingPlan
from taxonomy.interchange import Content, content_of, write
from tests.reviewapp.actions import scenes

#: What one reviewer finds on the candidate of each of eight pairs.
SAID = ["label.missed"] * 3 + ["value.wrong"] * 2 + ["label.none", "", ""]


def label(project, models, rater):
    """A run of eight items, all labelled in the version in force."""
    run = scenes.recorded(project, models, [scenes.DIFFER] * 8, plan=SamplingPlan(slots=1))
    said = iter(SAID)
    scenes.review_all(run, rater, lambda item: ("", next(said)))
    return run


def without(project, *keys: str, **changed: dict[str, object]) -> Content:
    """The content in force without some categories; `changed` by its key, dots as __."""
    content = content_of(project.taxonomy_version)
    fields = {key.replace("__", ".").replace("_", "-"): to for key, to in changed.items()}
    return replace(
        content,
        categories=tuple(
            replace(one, **fields.get(one.key, {}))
            for one in content.categories
            if one.key not in keys
        ),
    )


def as_yaml(project, *keys: str, **changed: dict[str, object]) -> str:
    return write(without(project, *keys, **changed))
