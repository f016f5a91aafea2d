"""From a model version and a request to the call that asks for an answer."""

from __future__ import annotations

import os
import re

from django.conf import settings
from django.core.exceptions import ValidationError

from evals.models import ModelVersion, Request
from evals.providers import PROVIDERS
from evals.providers.asking import has_login, is_address
from evals.providers.base import Call, OptionError
from evals.providers.http_json import HEADER
from evals.providers.messages import (
    MessageError,
    build_messages,
    build_prompt,
    build_served,
    build_tools,
    check_template,
    is_chat,
)

#: Variables of the workers' environment that any model version may name. Others must be listed in
#: CROSSCHECK_MODEL_VARIABLES: a model version decides to whom the value is sent.
OPEN = "MODEL_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ConfigurationError(Exception):
    """A model version cannot be asked as it is configured; no attempt was made."""


def call_of(model: ModelVersion, request: Request, sample: int = 0) -> Call:
    """The call that asks `model` for an answer to `request`. Raises ConfigurationError where the
    model cannot be asked at all, MessageError where it cannot be asked this."""
    return Call(
        model=model.upstream_model,
        messages=build_messages(request.input, model.system, model.prompt),
        tools=build_tools(request.input),
        served=build_served(request.input),
        parameters=model.parameters,
        base_url=_address(model),
        api_key=_value(model.api_key_env) if model.api_key_env else "",
        timeout_s=model.timeout_s,
        input=request.input,
        prompt="" if is_chat(request.input) else build_prompt(request.input, model.prompt),
        system=model.system,
        request=request.key,
        sample=sample,
        options=model.options,
        headers={name: _header(value) for name, value in model.options.get("headers", {}).items()},
    )


def check_model(model: ModelVersion) -> None:
    """Raises ValidationError where the prompt cannot be rendered, or where the address is
    none, or where a variable is named that is none or is not open to model versions, or where the
    options are not what its provider takes."""
    problems: dict[str, str] = {}
    try:
        check_template(model.prompt)
    except MessageError as error:
        problems["prompt"] = str(error)
    if problem := _problem_with_address(model):
        problems["base_url"] = problem
    if model.api_key_env and (problem := _closed(model.api_key_env)):
        problems["api_key_env"] = problem
    if problem := _problem_with_options(model):
        problems["options"] = problem
    if problems:
        raise ValidationError(problems)


def _problem_with_address(model: ModelVersion) -> str | None:
    if not model.provider:
        return None
    if "base_url" not in PROVIDERS[model.provider].needs:
        return "a file of recorded outputs has no address" if model.base_url else None
    if model.base_url.startswith("$"):
        return _closed(model.base_url[1:])
    # An address that is missing is told by the constraint, which names what else is needed.
    if not model.base_url:
        return None
    if has_login(model.base_url):  # everybody of the project is shown the address
        return (
            "an address holds no name or password: name variables of the workers' environment, "
            "$MODEL_… in its place, or the key's"
        )
    if is_address(model.base_url):
        return None
    return "write an address such as http://127.0.0.1:8080/v1"


def _problem_with_options(model: ModelVersion) -> str | None:
    if not model.provider:
        return "outputs that are uploaded take no options" if model.options else None
    try:
        PROVIDERS[model.provider].check(model.options)
    except OptionError as error:
        return str(error)
    for name, value in model.options.get("headers", {}).items():
        if (named := HEADER.fullmatch(value)) and (problem := _closed(named["variable"])):
            return f"headers.{name}: {problem}"
    return None


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


def _address(model: ModelVersion) -> str:
    if "base_url" not in PROVIDERS[model.provider].needs:
        if not settings.RECORDINGS:
            raise ConfigurationError(
                "the operator has named no folder of recordings; set CROSSCHECK_RECORDINGS where "
                "the workers run, restart them and resume the run"
            )
        return str(settings.RECORDINGS)
    return _value(model.base_url[1:]) if model.base_url.startswith("$") else model.base_url


def _header(value: str) -> str:
    named = HEADER.fullmatch(value)
    if named is None:
        raise ConfigurationError("a header does not name a variable")
    scheme = f"{named['scheme']} " if named["scheme"] else ""
    return scheme + _value(named["variable"])


def _value(name: str) -> str:
    if problem := _closed(name):
        raise ConfigurationError(problem)
    if not (found := os.environ.get(name, "")):
        raise ConfigurationError(
            f"the environment variable {name} is not set where the workers run; "
            "set it, restart the workers and resume the run"
        )
    return found
