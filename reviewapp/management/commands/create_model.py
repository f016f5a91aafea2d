"""Defines a model version."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from evals import values
from evals.providers import PROVIDERS
from reviewapp.actions import models
from reviewapp.management.commands._base import ProjectCommand, actor, project_of


class Command(ProjectCommand):
    help = (
        "Defines a model version: without a provider its outputs are uploaded; with one, workers "
        "ask it. An address alone means openai."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("name")
        parser.add_argument("--provider", choices=sorted(PROVIDERS))
        parser.add_argument("--base-url", default="", help="address, or $NAME of a variable")
        parser.add_argument("--options", default="{}", metavar="JSON", help="see docs/traffic.md")
        parser.add_argument("--upstream-model", default="", help="the model's name there")
        parser.add_argument("--api-key-env", default="", help="NAME of the variable with the key")
        parser.add_argument("--system", default="", help="system message")
        parser.add_argument("--prompt", default="", help="template with {{ input }}")
        parser.add_argument("--parameters", default="{}", metavar="JSON")
        parser.add_argument("--price-input", help="US$ per million tokens")
        parser.add_argument("--price-output", help="US$ per million tokens")
        parser.add_argument("--concurrency", type=int, default=4)
        parser.add_argument("--requests-per-minute", type=int, metavar="N")
        parser.add_argument("--tokens-per-minute", type=int, metavar="N")
        parser.add_argument("--timeout", type=int, default=60, metavar="SECONDS")
        parser.add_argument("--max-attempts", type=int, default=5, metavar="N")
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_of(options["project"])
        provider = options["provider"] or ("openai" if options["base_url"] else "")
        for field, what in PROVIDERS[provider].needs.items() if provider else ():
            if options[field] in ("", "{}"):
                raise CommandError(f"{provider} needs --{field.replace('_', '-')}: {what}.")
        if options["upstream_model"] and not provider:
            raise CommandError("--upstream-model goes with an address: give --base-url as well.")
        model = models.define(
            project=project,
            by=actor(options["by"]),
            name=options["name"],
            provider=provider,
            options=_object("--options", options["options"]),
            base_url=options["base_url"],
            upstream_model=options["upstream_model"],
            api_key_env=options["api_key_env"],
            system=options["system"],
            prompt=options["prompt"],
            parameters=_object("--parameters", options["parameters"]),
            price_input=options["price_input"],
            price_output=options["price_output"],
            concurrency=options["concurrency"],
            requests_per_minute=options["requests_per_minute"],
            tokens_per_minute=options["tokens_per_minute"],
            timeout_s=options["timeout"],
            max_attempts=options["max_attempts"],
        )
        how = f"asked at {model.base_url}" if model.base_url else "its outputs are uploaded"
        how = f"read from {model.options['file']}" if model.provider == "recorded" else how
        self.say(
            {"name": model.name}, f"Defined {model.name} in {project.slug}: {how}.", options["json"]
        )


def _object(name: str, source: str) -> dict[str, object]:
    try:
        found = values.loads(source)
    except ValueError as error:
        raise CommandError(f"{name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise CommandError(f"{name}: write an object, such as {{}}.")
    return found
