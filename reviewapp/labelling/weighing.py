"""What findings weigh: by category and severity, in one taxonomy version."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reviewapp.labelling.reading import Reader
from reviewapp.models import Review
from taxonomy.models import TaxonomyVersion

#: (category, severity), by primary keys.
Found = tuple[int | None, int | None]
#: What one rater's findings of a side weigh, each; None where that of one is not known.
Weighed = tuple[float, ...] | None


class Weights:
    """What findings weigh in the version that `reader` reads in."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._weigh = reader, weights(reader.version)

    def __call__(self, made_in: int, verdict: str, found: Iterable[Found]) -> Weighed:
        """Of what a rater said of one side in the version `made_in`: one weight a finding. None
        where one is not known: it has no severity, or nothing is said of an error but that it is
        one."""
        if verdict == Review.Verdict.OK:
            return ()
        meanings = self._reader.translation(made_in)
        each = []
        for category, severity in found:
            if meanings is not None:
                severity = None if severity is None else meanings.severities.get(severity)
                if category is not None:
                    category = meanings.categories[category].category
                    if category is None:
                        return None
            if severity is None:
                return None
            each.append(self._weigh((category, severity)))  # type: ignore[arg-type]
        return tuple(each) or None


def weights(version: TaxonomyVersion) -> Callable[[tuple[int, int]], float]:
    overrides = {
        (weight.category_id, weight.severity_id): float(weight.weight)
        for category in version.categories.prefetch_related("weights")
        for weight in category.weights.all()
    }
    general = {s.pk: float(s.weight) for s in version.severities.all()}
    return lambda kind: overrides.get(kind, general[kind[1]])


def heaviest(version: TaxonomyVersion) -> float:
    """What one finding may weigh in it; 0 without a severity."""
    weighed = version.categories.values_list("weights__weight", flat=True)
    every = [*weighed, *version.severities.values_list("weight", flat=True)]
    return max((float(weight) for weight in every if weight is not None), default=0.0)
