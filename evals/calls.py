"""From a model version and a request to the call that asks for an answer."""

from __future__ import annotations

import os
import re

from django.conf import settings
from django.core.exceptions import ValidationError

from evals.models import ModelVersion, Request
from evals.providers.base import Call
from evals.providers.messages import MessageError, build_messages, build_tools, check_template
from evals.providers.openai_compatible import is_address

#: Variables of the workers' environment that any model version may name. Others must be listed in
#: CROSSCHECK_MODEL_VARIABLES: a model version decides to whom the value is sent.
OPEN = "MODEL_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ConfigurationError(Exception):
    """A model version cannot be asked as it is configured; no attempt was made."""


def call_of(model: ModelVersion, request: Request) -> Call:
    """The call that asks `model` for an answer to `request`. Raises ConfigurationError where the
    model cannot be asked at all, MessageError where it cannot be asked this."""
    return Call(
        model=model.upstream_model,
        messages=build_messages(request.input, model.system, model.prompt),
        tools=build_tools(request.input),
        parameters=model.parameters,
        base_url=_value(model.base_url[1:]) if model.base_url.startswith("$") else model.base_url,
        api_key=_value(model.api_key_env) if model.api_key_env else "",
        timeout_s=model.timeout_s,
    )


def check_model(model: ModelVersion) -> None:
    """Raises ValidationError where the prompt cannot be rendered, or where the address is
    none, or where a variable is named that is none or is not open to model versions."""
    problems: dict[str, str] = {}
    try:
        check_template(model.prompt)
    except MessageError as error:
        problems["prompt"] = str(error)
    if model.base_url.startswith("$"):
        if problem := _closed(model.base_url[1:]):
            problems["base_url"] = problem
    elif model.provider and not is_address(model.base_url):
        problems["base_url"] = "write an address such as http://127.0.0.1:8080/v1"
    if model.api_key_env and (problem := _closed(model.api_key_env)):
        problems["api_key_env"] = problem
    if problems:
        raise ValidationError(problems)


def _closed(name: str) -> str | None:
    """Why a variable may not be named; None where it may."""
    if not _NAME.fullmatch(name):
        return f"{name!r} is not the name of an environment variable"
    if name.startswith(OPEN) or name in settings.MODEL_VARIABLES:
        return None
    return (
        f"the variable {name} is not open to model versions: give it a name that starts with "
        f"{OPEN}, or let the operator list it in CROSSCHECK_MODEL_VARIABLES"
    )


def _value(name: str) -> str:
    if problem := _closed(name):
        raise ConfigurationError(problem)
    if not (found := os.environ.get(name, "")):
        raise ConfigurationError(
            f"the environment variable {name} is not set where the workers run; "
            "set it, restart the workers and resume the run"
        )
    return found
