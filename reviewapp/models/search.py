from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from evals.models import Project
from reviewapp.models.review import ReviewItem


class ItemIndex(models.Model):
    """What a list of items is filtered by. The database writes it when an item is made, and nobody
    changes it: requests and outputs never change.

    Apart from the item, so that a judgement, which changes the item, touches none of it; and the
    words apart from it in turn, so that walking over a stretch of items reads few bytes.
    """

    item = models.OneToOneField(
        ReviewItem, on_delete=models.CASCADE, primary_key=True, related_name="index"
    )
    # Of the item and its request, repeated here so that a list reads one index.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    request = models.CharField(max_length=200, help_text="the id of the request")
    segment = ArrayField(models.TextField(), help_text='"key=value", each')

    class Meta:
        indexes = [
            models.Index(
                fields=["project", "request", "item"],
                opclasses=["int8_ops", "varchar_pattern_ops", "int8_ops"],
                name="item_index_request",
            ),
            GinIndex(fields=["segment"], name="item_index_segment"),
        ]

    def __str__(self) -> str:
        return f"index of {self.item}"


class ItemWords(models.Model):
    """The words of an item's request, of the request's id and of both outputs."""

    item = models.OneToOneField(
        ReviewItem, on_delete=models.CASCADE, primary_key=True, related_name="words"
    )
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["words"], name="item_words")]

    def __str__(self) -> str:
        return f"words of {self.item}"
