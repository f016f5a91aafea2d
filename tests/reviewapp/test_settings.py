"""The tables of docs/ say what the code does, and nothing else."""

import re
from pathlib import Path

import pytest

from reviewapp import settings
from reviewapp.access import ALLOWED, Action
from reviewapp.glossary import TERMS

ROOT = Path(settings.__file__).resolve().parent.parent
SETTINGS, ROLES = ROOT / "docs" / "settings.md", ROOT / "docs" / "roles.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
#: What reads the environment on an operator's behalf.
READERS = [
    *ROOT.glob("reviewapp/*.py"),
    *ROOT.glob("reviewapp/embedded/*.py"),
    *ROOT.glob("reviewapp/management/commands/*.py"),
]
_READ = re.compile(
    r"""(?:env(?:str|bool|int)\(\s*|os\.environ(?:\.get\(\s*|\[)|os\.getenv\(\s*)"""
    r"""["']([A-Z][A-Z0-9_]*)["']"""
)
#: Set by one process of ours for another, never by an operator.
OWN = {"LOCK", "DJANGO_SETTINGS_MODULE"}


def table(path):
    """The cells of each row of a page's tables, one after the other."""
    if not path.is_file():
        pytest.skip(f"{path.relative_to(ROOT)} is not written yet")
    rows = [line for line in path.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def rows(path):
    return table(path)[2:]


class TestSettingsPage:
    def test_each_variable_has_its_row_and_each_row_its_variable(self):
        read = {name for path in READERS for name in _READ.findall(path.read_text())} - OWN
        documented = [re.fullmatch(r"`(\w+)`", row[0])[1] for row in rows(SETTINGS)]
        assert sorted(documented) == sorted(read)

    def test_each_row_says_what_it_is(self):
        assert all(len(row) == 3 and row[1] and row[2] for row in rows(SETTINGS))

    def test_whole_number_defaults_are_those_of_the_code(self):
        defaults = {row[0].strip("`"): row[1].strip("`") for row in rows(SETTINGS)}
        assert defaults["CROSSCHECK_MAX_LINE_BYTES"] == str(8 * 1024 * 1024)


class TestRolesPage:
    def test_it_is_the_table_of_the_code(self):
        head, _, *body = table(ROLES)
        assert head[1:] == list(ALLOWED)
        assert body == [
            [str(action), *("yes" if action in ALLOWED[role] else "–" for role in head[1:])]
            for action in Action
        ]


class TestGlossary:
    def test_the_page_has_the_terms_of_the_code(self):
        known = dict(row for row in table(ARCHITECTURE) if len(row) == 2 and row[0] in TERMS)
        assert known == TERMS


class TestReading:
    @pytest.mark.parametrize(
        ("value", "read"),
        [("", True), ("yes", True), ("1", True), ("TRUE", True), ("off", False), (" 0 ", False)],
    )
    def test_a_switch(self, monkeypatch, value, read):
        monkeypatch.setenv("X", value)
        assert settings.envbool("X", True) is read

    def test_no_switch(self, monkeypatch):
        monkeypatch.setenv("X", "perhaps")
        with pytest.raises(ValueError, match="X is 'perhaps': write true or false"):
            settings.envbool("X", True)

    def test_a_number(self, monkeypatch):
        monkeypatch.setenv("X", "12")
        assert settings.envint("X", 3) == 12
        monkeypatch.setenv("X", "")
        assert settings.envint("X", 3) == 3

    def test_no_number(self, monkeypatch):
        monkeypatch.setenv("X", "a dozen")
        with pytest.raises(ValueError, match="X is 'a dozen': write a whole number"):
            settings.envint("X", 3)

    def test_an_empty_text_is_the_default(self, monkeypatch):
        monkeypatch.setenv("X", "")
        assert settings.envstr("X", "d") == "d"


class TestSecretKey:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.delenv("CROSSCHECK_SECRET_KEY", raising=False)
        monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "data")
        return tmp_path / "data"

    def test_made_once_and_for_its_owner_only(self, folder):
        key = settings.secret_key()
        assert len(key) > 60
        assert settings.secret_key() == key
        assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600

    def test_half_made_by_an_interrupted_start(self, folder):
        folder.mkdir()
        (folder / "secret_key").touch()
        assert len(settings.secret_key()) > 60

    def test_given(self, folder, monkeypatch):
        monkeypatch.setenv("CROSSCHECK_SECRET_KEY", "mine")
        assert settings.secret_key() == "mine"
        assert not folder.exists()
