"""Where outputs come from. To add one: copy openai_compatible.py, name it in PROVIDERS."""

from evals.providers.base import Call, OptionError, Provider, ProviderError, Reply
from evals.providers.http_json import HttpJson
from evals.providers.messages import MessageError, build_messages, build_tools, check_template
from evals.providers.openai_compatible import OpenAICompatible
from evals.providers.recorded import Recorded

PROVIDERS: dict[str, Provider] = {
    "openai": OpenAICompatible(),
    "http_json": HttpJson(),
    "recorded": Recorded(),
}

__all__ = [
    "PROVIDERS",
    "Call",
    "MessageError",
    "OptionError",
    "Provider",
    "ProviderError",
    "Reply",
    "build_messages",
    "build_tools",
    "check_template",
]
