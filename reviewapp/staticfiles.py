"""Scripts and styles as browsers get them: packed, and under names that change with what is in
them, so that they are asked for once and never looked for again."""

from __future__ import annotations

import fcntl
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Files(StaticFilesConfig):
    """Of the installed libraries only what a page refers to: htmx."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("rest_framework", "account", "ext", "htmax-*", "htmx-4*", "htmx-2.js", "django-htmx.js"),
    ]


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # has no types
    support_js_module_import_aggregation = True  # the names in `import … from` too


def collect() -> None:
    """Each web server does so when it starts: no step of an upgrade can be forgotten. What pages
    that are open in a browser refer to stays. One process at a time."""
    with Path(settings.STATIC_ROOT, ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("collectstatic", interactive=False, verbosity=0)
