"""The demo's scripted reviewers: what the known answers say about an output.

No person judged anything here, and the names say so wherever a rater is shown.
"""

# The second exists so that some items have two reviews; it follows the same rule, so the two always
# agree, and their agreement says nothing about people.
RATERS = ("script: known answers", "script: known answers, again")

NOTE = "scripted from the known answer: {expected}"


def judge(output_extract: str | None, expected: str) -> list[dict[str, str]]:
    """The findings for one side: none where it is right, else one.

    `output_extract` is the label that was taken from the output ("ham" or "spam"), None for a
    miss; `expected` is the known label. A finding is {"category", "severity", "note"} with keys of
    project.TAXONOMY. ValueError where `expected` is not a label.
    """
    if expected not in ("ham", "spam"):
        raise ValueError(f"expected is {expected!r}; the labels are ham and spam")
    said = (output_extract or "").strip().lower()
    if said == expected:
        return []
    note = NOTE.format(expected=expected)
    if said not in ("ham", "spam"):
        return [{"category": "answer.no_label", "severity": "minor", "note": note}]
    if said == "spam":
        return [{"category": "label.false_alarm", "severity": "critical", "note": note}]
    return [{"category": "label.missed_spam", "severity": "major", "note": note}]
