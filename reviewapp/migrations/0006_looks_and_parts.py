"""Scheduled looks of the gate, and the parts of a report that have dates of their own."""

import django.db.models.deletion
from django.db import migrations, models

HOLD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_look
    FOR EACH ROW EXECUTE FUNCTION reviewapp_append_only();
"""
LET_GO = "DROP TRIGGER append_only ON reviewapp_look;"


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0006_labels_from_elsewhere"),
        ("reviewapp", "0005_labels_from_elsewhere"),
        ("taxonomy", "0005_draft_edits"),
    ]

    operations = [
        migrations.CreateModel(
            name="Look",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.PositiveSmallIntegerField(help_text="of the policy's looks, from 1"),
                ),
                (
                    "labels",
                    models.PositiveIntegerField(help_text="of discrepancies, that it stood on"),
                ),
                (
                    "fraction",
                    models.FloatField(help_text="information in parts of the plan's, 0 to 1"),
                ),
                (
                    "level",
                    models.FloatField(
                        blank=True, help_text="of its intervals; none: it cannot decide", null=True
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[("pass", "Pass"), ("fail", "Fail"), ("undecided", "not decided")],
                        max_length=9,
                    ),
                ),
                (
                    "data",
                    models.JSONField(help_text="its rules, each with margin, interval and verdict"),
                ),
                ("taken_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["run", "id"],
            },
        ),
        migrations.CreateModel(
            name="ReportPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20)),
                ("data", models.JSONField(blank=True, null=True)),
                ("why", models.TextField(blank=True, help_text="why there is nothing to show")),
                (
                    "basis",
                    models.JSONField(
                        help_text="what it stood on, as reports.freshness.basis has it"
                    ),
                ),
                ("seconds", models.FloatField(help_text="that it took")),
                ("computed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["run", "name"],
            },
        ),
        migrations.AddField(
            model_name="gatepolicy",
            name="label_budget",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="labels of a run over which looks are spread; none: one look, at its end",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="gatepolicy",
            name="looks",
            field=models.PositiveSmallIntegerField(
                db_default=14, default=14, help_text="how many, where there is a label budget"
            ),
        ),
        migrations.AddField(
            model_name="gatepolicy",
            name="hold_to_j",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="a pass needs the margin times the lower end of J, which gold items tell",
            ),
        ),
        migrations.AddConstraint(
            model_name="gatepolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("looks__range", (1, 100)),
                    models.Q(
                        ("label_budget", None),
                        ("label_budget__gte", models.F("looks")),
                        _connector="OR",
                    ),
                ),
                name="policy_looks_in_range",
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="taken",
                to="reviewapp.gatepolicy",
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="looks", to="evals.run"
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="taxonomy_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="taxonomy.taxonomyversion",
            ),
        ),
        migrations.AddField(
            model_name="reportpart",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="evals.run"
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.UniqueConstraint(
                fields=("run", "policy", "number"), name="look_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fraction__gte", 0),
                    ("fraction__lte", 1),
                    ("number__gte", 1),
                    models.Q(
                        ("level", None),
                        models.Q(("level__gt", 0), ("level__lt", 1)),
                        _connector="OR",
                    ),
                ),
                name="look_is_of_a_plan",
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict", "undecided"), ("level__isnull", False), _connector="OR"
                ),
                name="look_decides_at_a_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportpart",
            constraint=models.UniqueConstraint(fields=("run", "name"), name="part_one_per_name"),
        ),
        migrations.AddConstraint(
            model_name="reportpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("data__isnull", True), models.Q(("why", ""), _negated=True)),
                    models.Q(("data__isnull", False), ("why", "")),
                    _connector="OR",
                ),
                name="part_shows_or_says_why",
            ),
        ),
        migrations.RunSQL(HOLD, LET_GO),
    ]
