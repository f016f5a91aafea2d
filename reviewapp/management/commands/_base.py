"""What the commands share: finding things by name, files, and errors in one line."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeVar

from django.core import exceptions
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from evals.comparators.config import ConfigError
from evals.evalsets import EvalSetError, UnknownVersion
from evals.models import Project, Run
from evals.records import LineError
from reviewapp.actions.audit import By
from reviewapp.actions.evalsets import NothingToAdd
from reviewapp.actions.runs import RunError
from reviewapp.models import User
from taxonomy.interchange import TaxonomyError

#: Who acts where no --by is given.
ACTOR = "command line"

_KNOWN = (ConfigError, EvalSetError, NothingToAdd, RunError, TaxonomyError, UnknownVersion)
T = TypeVar("T")


class ProjectCommand(BaseCommand):
    """A command on one project. What goes wrong is one line on stderr, never a traceback."""

    requires_system_checks: list[str] = []
    #: The exit code of a command that could not do its work.
    failed = 1

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except BrokenPipeError:
            # Whoever read our output has gone; Python would complain again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(self.failed) from None
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted; what was reported as stored is.", returncode=130
            ) from None
        except exceptions.ValidationError as error:
            raise CommandError("; ".join(_messages(error))) from None
        except _KNOWN as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            named = f"{error.filename}: " if error.filename else ""
            raise CommandError(f"{named}{error.strerror or error}") from None
        except (EOFError, zlib.error) as error:
            raise CommandError(f"The file cannot be unpacked: {error}") from None
        except DatabaseError as error:
            first = str(error).strip().split("\n")[0]
            raise CommandError(
                f"The database refused or cannot be reached: {first}. "
                "If it is new, run `manage.py migrate` first."
            ) from None

    def takes_json(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def takes_by(self, parser: CommandParser) -> None:
        parser.add_argument("--by", metavar="USERNAME", help=f"who acts (default: {ACTOR})")

    def say(self, value: object, text: str, as_json: bool) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False, default=str) if as_json else text)
        self.stdout.flush()

    def write_lines(self, lines: Iterable[str]) -> None:
        """Lines that end with their newline."""
        for line in lines:
            self.stdout.write(line, ending="")
        self.stdout.flush()

    def complain(self, problems: Iterable[LineError]) -> None:
        for problem in problems:
            self.stderr.write(str(problem))

    def counted(self, lines: Iterable[T]) -> Iterator[T]:
        """The lines, telling a person at a terminal how far they are."""
        watched = self.stderr.isatty()
        for count, line in enumerate(lines, start=1):
            if watched and count % 10_000 == 0:
                self.stderr.write(f"{count:,} lines read", ending="\r")
            yield line


def whole_number(text: str) -> int:
    """For argparse: a number from 1."""
    if not text.isdecimal() or not 1 <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def project_of(slug: str) -> Project:
    found = Project.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise CommandError(f"There is no project {slug!r} (there are: {known or 'none yet'}).")
    return found


def run_of(project: Project, name: str) -> Run:
    rows = Run.objects.filter(project=project).select_related(
        "project", "baseline", "candidate", "evalset_version__evalset", "taxonomy_version__taxonomy"
    )
    found = rows.filter(name=name).first()
    if found is None:
        known = ", ".join(rows.order_by("-id").values_list("name", flat=True)[:20])
        raise CommandError(
            f"There is no run {name!r} in {project.slug} (there are: {known or 'none yet'})."
        )
    return found


def user_of(username: str) -> User:
    found = User.objects.filter(username=username).first()
    if found is None:
        raise CommandError(f"There is no user {username!r}.")
    return found


def actor(username: str | None) -> By:
    return user_of(username) if username else ACTOR


@contextmanager
def opened(file: str) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """A file (unpacked if it is called .gz), or standard input for "-"."""
    if file == "-":
        yield sys.stdin.buffer
    elif file.endswith(".gz"):
        with gzip.open(file, "rb") as packed:
            yield packed
    else:
        with open(file, "rb") as plain:
            yield plain


def _messages(error: exceptions.ValidationError) -> Iterator[str]:
    if not hasattr(error, "error_dict"):
        yield from error.messages
        return
    for field, messages in error.message_dict.items():
        for message in messages:
            yield message if field == "__all__" else f"{field}: {message}"
