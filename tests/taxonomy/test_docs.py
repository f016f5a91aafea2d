"""What docs/taxonomies.md shows is what happens."""

import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from taxonomy.interchange import MAX_BYTES, MAX_ITEMS, MAX_LEVELS, read

TEXT = (Path(__file__).parents[2] / "docs" / "taxonomies.md").read_text()


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


def steps():
    """(arguments, what it prints) of each line that begins with $."""
    [console] = blocks("console")
    for step in re.split(r"^\$ manage\.py ", console, flags=re.MULTILINE)[1:]:
        command, _, printed = step.partition("\n")
        yield shlex.split(command), printed


@pytest.mark.django_db
def test_the_example_does_what_it_says(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in blocks("yaml"):
        name = text.split("\n")[0].removeprefix("# ")
        Path(name).write_text(text)
        assert read(text).title == "Support triage"
    assert len(list(steps())) == 4
    for (command, *args), printed in steps():
        out = StringIO()
        call_command(command, *args, stdout=out)
        assert out.getvalue() == printed


def test_the_limits_are_the_ones_that_hold():
    assert MAX_BYTES == 1024 * 1024
    words = f"{MAX_ITEMS['categories']} categories, {MAX_ITEMS['severities']} severities and"
    assert words in TEXT
    assert f"{MAX_LEVELS} levels" in TEXT
