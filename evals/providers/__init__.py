"""Where outputs come from. To add one: copy openai_compatible.py, name it in PROVIDERS."""

from evals.providers.base import Call, Provider, ProviderError, Reply
from evals.providers.messages import MessageError, build_messages, build_tools, check_template
from evals.providers.openai_compatible import OpenAICompatible

PROVIDERS: dict[str, Provider] = {"openai": OpenAICompatible()}

__all__ = [
    "PROVIDERS",
    "Call",
    "MessageError",
    "Provider",
    "ProviderError",
    "Reply",
    "build_messages",
    "build_tools",
    "check_template",
]
