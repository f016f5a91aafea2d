"""Labels from elsewhere: sets of them, and judgements of single outputs, which are append-only as
reviews are; their findings are leaves of the version that they were made in."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

HOLD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_outputjudgement
    FOR EACH ROW EXECUTE FUNCTION reviewapp_review_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_outputfinding
    FOR EACH ROW EXECUTE FUNCTION reviewapp_append_only();

CREATE FUNCTION reviewapp_judgement_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM evals_output o JOIN evals_modelversion m ON m.id = o.model_id
        JOIN reviewapp_labelset s ON s.id = NEW.label_set_id
        JOIN reviewapp_rater r ON r.id = NEW.rater_id
        WHERE o.id = NEW.output_id AND o.model_id = NEW.model_id
        AND m.project_id = s.project_id AND r.project_id = s.project_id) THEN
        RAISE EXCEPTION 'a judgement of output % is of its model version and project',
            NEW.output_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER judgement_fits BEFORE INSERT ON reviewapp_outputjudgement
    FOR EACH ROW EXECUTE FUNCTION reviewapp_judgement_fits();

CREATE FUNCTION reviewapp_output_finding_of_its_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    version bigint;
BEGIN
    SELECT taxonomy_version_id INTO version FROM reviewapp_outputjudgement
    WHERE id = NEW.judgement_id;
    IF NEW.category_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM taxonomy_category c WHERE c.id = NEW.category_id AND c.version_id = version
        AND NOT EXISTS (SELECT FROM taxonomy_category below WHERE below.parent_id = c.id)) THEN
        RAISE EXCEPTION 'category % is no leaf of the version of judgement %',
            NEW.category_id, NEW.judgement_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.severity_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM taxonomy_severity s WHERE s.id = NEW.severity_id AND s.version_id = version)
    THEN
        RAISE EXCEPTION 'severity % is not of the version of judgement %',
            NEW.severity_id, NEW.judgement_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finding_of_its_version BEFORE INSERT ON reviewapp_outputfinding
    FOR EACH ROW EXECUTE FUNCTION reviewapp_output_finding_of_its_version();
"""

LET_GO = """
DROP TRIGGER finding_of_its_version ON reviewapp_outputfinding;
DROP FUNCTION reviewapp_output_finding_of_its_version();
DROP TRIGGER judgement_fits ON reviewapp_outputjudgement;
DROP FUNCTION reviewapp_judgement_fits();
DROP TRIGGER append_only ON reviewapp_outputfinding;
DROP TRIGGER append_only ON reviewapp_outputjudgement;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0006_labels_from_elsewhere"),
        ("reviewapp", "0004_taxonomy_versions"),
        ("taxonomy", "0005_draft_edits"),
    ]

    operations = [
        migrations.AddField(
            model_name="rater",
            name="about",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="what an imported one is, as the import said: expert, model …",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="reviewed_at",
            field=models.DateTimeField(
                blank=True, help_text="of one from elsewhere: when it was made", null=True
            ),
        ),
        migrations.AlterField(
            model_name="rater",
            name="name",
            field=models.CharField(max_length=200),
        ),
        migrations.AlterField(
            model_name="reviewitem",
            name="inclusion",
            field=models.FloatField(
                blank=True,
                help_text="probability that the draw took it; unknown of some from elsewhere",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="LabelSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.SlugField(max_length=80)),
                (
                    "design",
                    models.CharField(
                        choices=[
                            ("census", "all there are"),
                            ("random", "a random sample of each stratum"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=7,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True, help_text="what its raters are: expert …", max_length=40
                    ),
                ),
                (
                    "blind",
                    models.BooleanField(
                        default=False,
                        help_text="the raters were blind, where a record does not say",
                    ),
                ),
                (
                    "changes",
                    models.PositiveBigIntegerField(
                        default=0,
                        help_text="judgements and reviews that were stored: reports look at it",
                    ),
                ),
                ("created_by", models.CharField(blank=True, max_length=150)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="label_sets",
                        to="evals.project",
                    ),
                ),
            ],
            options={
                "ordering": ["project", "name"],
            },
        ),
        migrations.AddField(
            model_name="review",
            name="label_set",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="reviewapp.labelset",
            ),
        ),
        migrations.AddField(
            model_name="reviewitem",
            name="label_set",
            field=models.ForeignKey(
                blank=True,
                help_text="with which it came; none where it was drawn here",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="reviewapp.labelset",
            ),
        ),
        migrations.CreateModel(
            name="OutputJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                (
                    "live",
                    models.BooleanField(default=True, help_text="not superseded by a later one"),
                ),
                (
                    "authoritative",
                    models.BooleanField(default=False, help_text="the one that counts"),
                ),
                ("blind", models.BooleanField(help_text="null: as the label set says", null=True)),
                (
                    "verdict",
                    models.CharField(choices=[("ok", "Ok"), ("error", "Error")], max_length=5),
                ),
                ("corrected_output", models.JSONField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                ("duration_s", models.FloatField(blank=True, null=True)),
                (
                    "reviewed_at",
                    models.DateTimeField(blank=True, help_text="as its record says", null=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "label_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="reviewapp.labelset",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="evals.modelversion",
                    ),
                ),
                (
                    "output",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="evals.output",
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="reviewapp.rater",
                    ),
                ),
                (
                    "taxonomy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="taxonomy.taxonomyversion",
                    ),
                ),
            ],
            options={
                "ordering": ["output", "id"],
            },
        ),
        migrations.CreateModel(
            name="OutputFinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "where",
                    models.CharField(
                        choices=[("output", "Output"), ("input", "Input")],
                        default="output",
                        max_length=6,
                    ),
                ),
                ("path", models.CharField(blank=True, max_length=500)),
                ("span_start", models.PositiveIntegerField(blank=True, null=True)),
                ("span_end", models.PositiveIntegerField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="taxonomy.category",
                    ),
                ),
                (
                    "severity",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="taxonomy.severity",
                    ),
                ),
                (
                    "judgement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="reviewapp.outputjudgement",
                    ),
                ),
            ],
            options={
                "ordering": ["judgement", "id"],
            },
        ),
        migrations.AddConstraint(
            model_name="labelset",
            constraint=models.UniqueConstraint(
                fields=("project", "name"), name="label_set_one_per_name"
            ),
        ),
        migrations.AddIndex(
            model_name="outputjudgement",
            index=models.Index(fields=["rater", "id"], name="judgement_of_rater"),
        ),
        migrations.AddConstraint(
            model_name="outputjudgement",
            constraint=models.UniqueConstraint(
                fields=("output", "rater", "revision"), name="judgement_one_per_revision"
            ),
        ),
        migrations.AddConstraint(
            model_name="outputjudgement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("live", True)),
                fields=("output", "rater"),
                name="judgement_one_live_per_rater",
            ),
        ),
        migrations.AddConstraint(
            model_name="outputjudgement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("authoritative", True), ("live", True)),
                fields=("output",),
                name="judgement_one_authoritative",
            ),
        ),
        migrations.AddConstraint(
            model_name="outputjudgement",
            constraint=models.CheckConstraint(
                condition=models.Q(("duration_s", None), ("duration_s__gte", 0), _connector="OR"),
                name="judgement_duration_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="outputfinding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("category__isnull", False),
                    models.Q(("note", ""), _negated=True),
                    _connector="OR",
                ),
                name="output_finding_has_category_or_note",
            ),
        ),
        migrations.AddConstraint(
            model_name="outputfinding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("span_end", None), ("span_start", None)),
                    models.Q(
                        ("span_end__isnull", False),
                        ("span_start__isnull", False),
                        ("span_end__gt", models.F("span_start")),
                    ),
                    _connector="OR",
                ),
                name="output_finding_span_is_whole",
            ),
        ),
        migrations.RunSQL(HOLD, LET_GO),
    ]
