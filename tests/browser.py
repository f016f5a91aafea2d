"""Finds a Chromium for the browser tests, or installs one: Debian's package as root, else the
browser inside the npm package @sparticuz/chromium. `python -m tests.browser` says what it found.

Where none can be had the browser tests are skipped; with CI=true that is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: No calls home, no GPU; the sandbox needs a user other than root.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NPM_PACKAGE = "@sparticuz/chromium@153"
FOLDER = Path(__file__).resolve().parent.parent / ".venv" / "chromium"


def find() -> str | None:
    """The path of a browser on this machine."""
    named = os.environ.get("CROSSCHECK_CHROMIUM", "")
    candidates = [named, *(shutil.which(name) or "" for name in NAMES), str(FOLDER / "chromium")]
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def install() -> str | None:
    """A browser that was not there, or None where none can be had."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _quietly("apt-get", "update")
        _quietly("apt-get", "install", "-y", "--no-install-recommends", "chromium")
    if not find() and shutil.which("npm") and shutil.which("node"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        _quietly("npm", "install", "--prefix", str(FOLDER), "--no-save", NPM_PACKAGE)
        script = (
            "import('@sparticuz/chromium').then(async ({default: c}) =>"
            f" require('fs').copyFileSync(await c.executablePath(), {str(FOLDER / 'chromium')!r}))"
        )
        _quietly("node", "-e", script, cwd=FOLDER)
    return find()


def _quietly(*command: str, cwd: Path | None = None) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, cwd=cwd, env=env, capture_output=True, timeout=600, check=False)


if __name__ == "__main__":
    found = find()
    if not found:
        print("Installing a browser for the browser tests …", flush=True)
        found = install()
    if not found:
        print("No Chromium is here and none could be installed: browser tests are skipped.")
        sys.exit(1 if os.environ.get("CI") == "true" else 0)
