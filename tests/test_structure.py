"""What holds for the code as a whole: who may import whom, what may stand in a file."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
#: Each may use those to its left, and itself.
ORDER = ("taxonomy", "evals", "reviewapp")
PURE = ("comparators", "metrics", "providers", "formats")
LONGEST = 300
DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)+")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def ours() -> list[Path]:
    """Files under version control, or about to be."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others"]
    try:
        listed = subprocess.run(
            [*command, "--exclude-standard"], capture_output=True, check=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git clone: its files cannot be listed")
    found = [ROOT / name for name in sorted(set(listed.split("\0"))) if name]
    return [path for path in found if path.is_file()]


def used(source: str, module: str, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of whatever a module uses by name: imports wherever they stand, and
    strings that name a module or a model, as foreign keys, importlib and Celery take them."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, name
            for alias in node.names:
                yield node.lineno, f"{name}.{alias.name}".lstrip(".")
        elif isinstance(node, ast.Constant) and DOTTED.fullmatch(str(node.value)):
            yield node.lineno, str(node.value)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def found_in(paths: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in paths
        for line, name in used(path.read_text(), module_of(path), path.name == "__init__.py")
        if name.split(".")[0] in forbidden
    ]


class TestDirection:
    @pytest.mark.parametrize(("place", "package"), list(enumerate(ORDER)))
    def test_imports_point_one_way(self, place: int, package: str) -> None:
        assert sources(package)
        assert found_in(sources(package), (*ORDER[place + 1 :], "tests")) == []

    @pytest.mark.parametrize("package", PURE)
    def test_the_pure_parts_know_no_django(self, package: str) -> None:
        forbidden = ("django", "celery", "psycopg", "redis", "rest_framework", "kombu")
        paths = sources(f"evals/{package}")
        assert paths
        assert found_in(paths, forbidden) == []
        allowed = tuple(f"evals.{name}" for name in (*PURE, "values", "records"))
        names = [
            f"{path.relative_to(ROOT)}:{line}: {name}"
            for path in paths
            for line, name in used(path.read_text(), module_of(path), path.name == "__init__.py")
            if name.startswith("evals.") and not name.startswith(allowed)
        ]
        assert names == []

    @pytest.mark.parametrize(
        "source",
        [
            "import reviewapp",
            "from reviewapp.models import User",
            "def f():\n    import reviewapp.models as m",
            "if TYPE_CHECKING:\n    from reviewapp import access",
            "importlib.import_module('reviewapp.models')",
            "__import__('reviewapp.tasks')",
            "models.ForeignKey('reviewapp.User', on_delete=1)",
            "from .. import reviewapp",
            "apps.get_model('reviewapp.Review')",
        ],
    )
    def test_nothing_gets_round_it(self, source: str) -> None:
        assert any(name.split(".")[0] == "reviewapp" for _, name in used(source, "evals.compare"))

    @pytest.mark.parametrize(
        "source",
        [
            "from evals import reviewapps",
            "'a sentence about reviewapp.'",
            "from .models import Run",
        ],
    )
    def test_nothing_else_is_meant(self, source: str) -> None:
        names = [name.split(".")[0] for _, name in used(source, "evals.compare")]
        assert "reviewapp" not in names

    def test_models_point_the_same_way(self) -> None:
        from django.apps import apps

        for model in apps.get_models():
            label = model._meta.app_label
            if label not in ORDER:
                continue
            for field in model._meta.get_fields():
                related = field.related_model if field.concrete else None
                if related and related._meta.app_label in ORDER:
                    assert ORDER.index(related._meta.app_label) <= ORDER.index(label), field


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    said = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=2, stdout=said)
    except SystemExit:
        pytest.fail(f"a model changed and no migration says so:\n{said.getvalue()}")


def texts() -> Iterator[tuple[Path, str]]:
    for path in ours():
        try:
            yield path.relative_to(ROOT), path.read_text()
        except UnicodeDecodeError:
            continue  # an image or a font


class TestFiles:
    def test_are_short(self) -> None:
        long = [
            f"{path.relative_to(ROOT)}: {lines} lines"
            for package in ORDER
            for path in sources(package)
            if "migrations" not in path.parts
            and (lines := len(path.read_text().splitlines())) > LONGEST
        ]
        assert long == []

    def test_hold_no_path_of_a_machine(self) -> None:
        # Written in parts, so that this file may be looked at too.
        path = re.compile(
            r"(?<![\w./-])/(?:" + "|".join(("work", "root", "home")) + r")(?:/|\b(?!/))"
        )
        found = [
            f"{name}:{number}: {line.strip()[:100]}"
            for name, text in texts()
            for number, line in enumerate(text.splitlines(), 1)
            if path.search(line)
        ]
        assert found == []

    def test_name_no_registry(self) -> None:
        hosts = re.compile(
            r"|".join(
                (r"pypi\.(?:org|python)", r"pythonhosted\.", r"npmjs\.", r"artifactory", r"nexus\.")
            )
        )
        found = [
            f"{name}:{number}: {line.strip()[:100]}"
            for name, text in texts()
            if name.parts[0] != "tests"
            for number, line in enumerate(text.splitlines(), 1)
            if hosts.search(line)
        ]
        assert found == []

    def test_lock_files_hold_no_address(self) -> None:
        locks = [(name, text) for name, text in texts() if name.suffix == ".lock"]
        assert locks
        address = re.compile(
            r"--(?:extra-)?index-url|--find-links|--trusted-host|https?://|git\+|file:"
        )
        found = [
            f"{name}:{number}: {line.strip()}"
            for name, text in locks
            for number, line in enumerate(text.splitlines(), 1)
            if address.search(line)
        ]
        assert found == []

    def test_lock_files_have_a_hash_for_each_package(self) -> None:
        for name, text in texts():
            if name.suffix == ".lock":
                entries = re.split(r"\n(?=[a-z0-9])", text.strip())
                assert [entry for entry in entries if "--hash=sha256:" not in entry] == [], name
