"""Other providers, limits of asking that all workers share, spending, further samples."""

import django.db.models.deletion
from django.db import migrations, models

# What of a model version stays free once it has outputs: limits of asking among it.
FROZEN = """
CREATE OR REPLACE FUNCTION evals_model_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY[{free}];
BEGIN
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free
        AND EXISTS (SELECT FROM evals_output WHERE model_id = OLD.id) THEN
        RAISE EXCEPTION 'model version "%" has outputs and cannot change; make a new one', OLD.name
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE = "'api_key_env', 'benchmarks', 'concurrency', 'timeout_s', 'max_attempts'"
AFTER = f"{BEFORE}, 'requests_per_minute', 'tokens_per_minute'"
NO_ADDRESS = models.Q(("base_url", ""))


class Migration(migrations.Migration):
    dependencies = [("evals", "0002_immutable")]
    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("calls_free_at", models.DateTimeField(blank=True, null=True)),
                ("tokens_free_at", models.DateTimeField(blank=True, null=True)),
                (
                    "resting_until",
                    models.DateTimeField(
                        blank=True, help_text="the server asked not to be asked before", null=True
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Spending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("spent_usd", models.DecimalField(decimal_places=9, default=0, max_digits=18)),
                ("reserved_usd", models.DecimalField(decimal_places=9, default=0, max_digits=18)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="evals.modelversion",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spending",
                        to="evals.run",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "spending",
                "constraints": [
                    models.UniqueConstraint(fields=("run", "model"), name="spending_one_per_model"),
                    models.CheckConstraint(
                        condition=models.Q(("reserved_usd__gte", 0), ("spent_usd__gte", 0)),
                        name="spending_not_negative",
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint("modelversion", "model_fetched_has_address"),
        migrations.RemoveConstraint("modelversion", "model_limits_positive"),
        migrations.AddField(
            "modelversion",
            "options",
            models.JSONField(
                blank=True,
                default=dict,
                help_text="What this provider alone needs; see docs/traffic.md.",
            ),
        ),
        migrations.AddField(
            "modelversion",
            "requests_per_minute",
            models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            "modelversion", "tokens_per_minute", models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.AlterField(
            "modelversion",
            "prompt",
            models.TextField(
                blank=True,
                help_text="Prompt around a request that is no chat, with {{ input }} where "
                "it goes.",
            ),
        ),
        migrations.AlterField(
            "modelversion",
            "provider",
            models.CharField(
                blank=True,
                choices=[
                    ("", "outputs are uploaded"),
                    ("openai", "OpenAI-compatible address"),
                    ("http_json", "any address that speaks JSON"),
                    ("recorded", "a file of recorded outputs"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            "modelversion",
            models.CheckConstraint(
                condition=models.Q(("provider", ""))
                | models.Q(("provider", "openai")) & ~NO_ADDRESS & ~models.Q(("upstream_model", ""))
                | models.Q(("provider", "http_json")) & ~NO_ADDRESS & ~models.Q(("options", {}))
                | models.Q(("base_url", ""), ("provider", "recorded")) & ~models.Q(("options", {})),
                name="model_fetched_has_address",
                violation_error_message="openai needs an address and the model's name, "
                "http_json an address and options, recorded options and no address.",
            ),
        ),
        migrations.AddConstraint(
            "modelversion",
            models.CheckConstraint(
                condition=models.Q(
                    ("concurrency__range", (1, 256)),
                    ("timeout_s__range", (1, 3600)),
                    ("max_attempts__range", (1, 20)),
                )
                & (
                    models.Q(("requests_per_minute", None))
                    | models.Q(("requests_per_minute__gte", 1))
                )
                & (models.Q(("tokens_per_minute", None)) | models.Q(("tokens_per_minute__gte", 1))),
                name="model_limits_positive",
                violation_error_message="Calls at a time are 1 to 256, seconds of the time-out "
                "1 to 3600, attempts 1 to 20, and limits a minute at least 1.",
            ),
        ),
        migrations.RunSQL(FROZEN.format(free=AFTER), FROZEN.format(free=BEFORE)),
        migrations.AddField(
            "run",
            "paused_by",
            models.CharField(
                blank=True,
                choices=[
                    ("", "not paused"),
                    ("hand", "Hand"),
                    ("failures", "Failures"),
                    ("cap", "spending cap"),
                    ("configuration", "Configuration"),
                ],
                default="",
                max_length=13,
            ),
        ),
        migrations.AddField(
            "run",
            "broken",
            models.ForeignKey(
                blank=True,
                help_text="whose failures paused it: asked one call at a time until it answers",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="evals.modelversion",
            ),
        ),
        migrations.AddField("run", "resumed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "run",
            "samples",
            models.PositiveSmallIntegerField(
                default=0, help_text="further samples of both models, for noise and flips"
            ),
        ),
        migrations.AddField(
            "run",
            "cap_usd",
            models.DecimalField(
                blank=True,
                decimal_places=4,
                help_text="spending cap, US$",
                max_digits=12,
                null=True,
            ),
        ),
        migrations.AddConstraint(
            "run",
            models.CheckConstraint(
                condition=models.Q(("samples", 0))
                | models.Q(("kind", "offline"), ("samples__range", (1, 20))),
                name="run_samples_are_offline",
            ),
        ),
        migrations.AddConstraint(
            "run",
            models.CheckConstraint(
                condition=models.Q(("cap_usd", None)) | models.Q(("cap_usd__gte", 0)),
                name="run_cap_not_negative",
            ),
        ),
        migrations.AddIndex(
            "attempt",
            models.Index(
                condition=models.Q(("uploaded", False)),
                fields=["model", "finished_at"],
                name="attempt_asked",
            ),
        ),
    ]
