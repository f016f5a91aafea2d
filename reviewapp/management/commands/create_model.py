"""Defines a model version."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from evals.models import ModelVersion
from reviewapp.actions import models
from reviewapp.management.commands._base import ProjectCommand, actor, project_of


class Command(ProjectCommand):
    help = (
        "Defines a model version: without an address its outputs are uploaded; with one, workers "
        "ask it (an OpenAI-compatible address)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("name")
        parser.add_argument("--base-url", default="", help="address, or $NAME of a variable")
        parser.add_argument("--upstream-model", default="", help="the model's name there")
        parser.add_argument("--api-key-env", default="", help="NAME of the variable with the key")
        parser.add_argument("--system", default="", help="system message")
        parser.add_argument("--prompt", default="", help="template with {{ input }}")
        parser.add_argument("--parameters", default="{}", metavar="JSON")
        parser.add_argument("--price-input", help="US$ per million tokens")
        parser.add_argument("--price-output", help="US$ per million tokens")
        parser.add_argument("--concurrency", type=int, default=4)
        parser.add_argument("--timeout", type=int, default=60, metavar="SECONDS")
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_of(options["project"])
        try:
            parameters = json.loads(options["parameters"])
        except ValueError as error:
            raise CommandError(f"--parameters is not JSON: {error}") from None
        if bool(options["base_url"]) != bool(options["upstream_model"]):
            raise CommandError("--base-url and --upstream-model go together: give both.")
        model = models.define(
            project=project,
            by=actor(options["by"]),
            name=options["name"],
            provider=ModelVersion.Provider.OPENAI if options["base_url"] else "",
            base_url=options["base_url"],
            upstream_model=options["upstream_model"],
            api_key_env=options["api_key_env"],
            system=options["system"],
            prompt=options["prompt"],
            parameters=parameters,
            price_input=options["price_input"],
            price_output=options["price_output"],
            concurrency=options["concurrency"],
            timeout_s=options["timeout"],
        )
        how = f"asked at {model.base_url}" if model.provider else "its outputs are uploaded"
        self.say(
            {"name": model.name}, f"Defined {model.name} in {project.slug}: {how}.", options["json"]
        )
