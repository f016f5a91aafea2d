"""Comparators of a run may change: which set a comparison is of, and the line it was drawn from."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

LINE = (
    "the strata in which it stood whenever its batch was drawn from and the "
    "comparators were changed afterwards, joined by >"
)


class Migration(migrations.Migration):
    dependencies = [("evals", "0003_asking"), ("evals", "0003_tracing")]
    operations = [
        migrations.AddField(
            model_name="run",
            name="comparison_set",
            field=models.PositiveSmallIntegerField(
                db_default=1,
                default=1,
                help_text="goes up by one each time the comparators are changed",
            ),
        ),
        migrations.AddField(
            model_name="comparison",
            name="comparison_set",
            field=models.PositiveSmallIntegerField(
                db_default=1,
                default=1,
                help_text="the run's set of comparators that it was made by",
            ),
        ),
        migrations.AddField(
            model_name="comparison",
            name="line",
            field=models.CharField(
                blank=True, db_default="", default="", help_text=LINE, max_length=200
            ),
        ),
        migrations.AlterModelOptions(
            name="stratum",
            options={"ordering": ["run", "batch", "line", "name"], "verbose_name_plural": "strata"},
        ),
        migrations.RemoveConstraint(model_name="stratum", name="stratum_once"),
        migrations.AddField(
            model_name="stratum",
            name="line",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddConstraint(
            model_name="stratum",
            constraint=models.UniqueConstraint(
                fields=("run", "batch", "line", "name"), name="stratum_once"
            ),
        ),
        migrations.CreateModel(
            name="ComparisonSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("pipeline", models.JSONField()),
                ("pipeline_digest", models.CharField(max_length=64)),
                (
                    "drawn",
                    models.JSONField(
                        default=list,
                        help_text="batches that were drawn by the strata of the set before",
                    ),
                ),
                ("made_by", models.CharField(blank=True, max_length=150)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "redrawn_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="when those batches were drawn from again",
                        null=True,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comparison_sets",
                        to="evals.run",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "number"), name="comparison_set_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("redrawn_at", None)),
                        fields=("run",),
                        name="comparison_set_one_under_way",
                    ),
                ],
            },
        ),
    ]
