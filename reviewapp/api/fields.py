"""Serializer fields that several addresses use."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evals import values


class KnownFields(serializers.Serializer[Any]):
    """Refuses what it does not know: a misspelt spending cap would be no cap."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(self.fields)):
            there = ", ".join(self.fields)
            reason = f"not known here; there are: {there}"
            raise serializers.ValidationError({name[:100]: [reason] for name in unknown})
        return value


class AnyJSON(serializers.JSONField):
    """Any JSON that the database can keep."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if problem := values.problem_in(value):
            raise serializers.ValidationError(f"{problem[0]}: {problem[1]}")
        return value


class JSONObject(AnyJSON):
    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError('Give a JSON object, such as {"temperature": 0}.')
        return value
