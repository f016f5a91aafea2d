"""Reviews, drafts and reports say in which taxonomy version they are; a finding's parts are of its
review's version. Places can be kept for whoever is to relabel, and who has seen the sides of an
item is kept: of items that were resolved before this, every member may have."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

VERSION = {
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "taxonomy.taxonomyversion",
}

FILL = """
ALTER TABLE reviewapp_review DISABLE TRIGGER append_only;
ALTER TABLE reviewapp_report DISABLE TRIGGER report_is_frozen;
UPDATE reviewapp_review v SET taxonomy_version_id = r.taxonomy_version_id
FROM reviewapp_reviewitem i JOIN evals_run r ON r.id = i.run_id WHERE i.id = v.item_id;
UPDATE reviewapp_draft d SET taxonomy_version_id = r.taxonomy_version_id
FROM reviewapp_reviewitem i JOIN evals_run r ON r.id = i.run_id WHERE i.id = d.item_id;
UPDATE reviewapp_report p SET taxonomy_version_id = r.taxonomy_version_id
FROM evals_run r WHERE r.id = p.run_id;
INSERT INTO reviewapp_exposure (item_id, user_id, at)
SELECT i.id, m.user_id, now() FROM reviewapp_reviewitem i
JOIN reviewapp_membership m ON m.project_id = i.project_id
WHERE i.state = 'resolved'
   OR EXISTS (SELECT FROM reviewapp_review v WHERE v.item_id = i.id AND NOT v.blind);
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE reviewapp_review ENABLE TRIGGER append_only;
ALTER TABLE reviewapp_report ENABLE TRIGGER report_is_frozen;
"""

HOLD = """
CREATE FUNCTION reviewapp_finding_of_its_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    version bigint;
BEGIN
    SELECT taxonomy_version_id INTO version FROM reviewapp_review WHERE id = NEW.review_id;
    IF NEW.category_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM taxonomy_category c WHERE c.id = NEW.category_id AND c.version_id = version
        AND NOT EXISTS (SELECT FROM taxonomy_category below WHERE below.parent_id = c.id)) THEN
        RAISE EXCEPTION 'category % is no leaf of the version of review %',
            NEW.category_id, NEW.review_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.severity_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM taxonomy_severity s WHERE s.id = NEW.severity_id AND s.version_id = version)
    THEN
        RAISE EXCEPTION 'severity % is not of the version of review %',
            NEW.severity_id, NEW.review_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finding_of_its_version BEFORE INSERT ON reviewapp_finding
    FOR EACH ROW EXECUTE FUNCTION reviewapp_finding_of_its_version();

CREATE FUNCTION reviewapp_review_of_its_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM reviewapp_reviewitem i JOIN evals_run r ON r.id = i.run_id
        JOIN taxonomy_taxonomyversion now_in ON now_in.id = r.taxonomy_version_id
        JOIN taxonomy_taxonomyversion said_in ON said_in.id = NEW.taxonomy_version_id
        WHERE i.id = NEW.item_id AND said_in.taxonomy_id = now_in.taxonomy_id
        AND said_in.state <> 'draft') THEN
        RAISE EXCEPTION 'a review of item % is in a published version of its taxonomy', NEW.item_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.supersedes_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM reviewapp_review v WHERE v.id = NEW.supersedes_id AND v.item_id = NEW.item_id
        AND NOT v.live) THEN
        RAISE EXCEPTION 'a review supersedes one of its own item that is not live any more'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_of_its_run BEFORE INSERT ON reviewapp_review
    FOR EACH ROW EXECUTE FUNCTION reviewapp_review_of_its_run();
"""

LET_GO = """
DROP TRIGGER review_of_its_run ON reviewapp_review;
DROP FUNCTION reviewapp_review_of_its_run();
DROP TRIGGER finding_of_its_version ON reviewapp_finding;
DROP FUNCTION reviewapp_finding_of_its_version();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0002_immutable"),
        ("taxonomy", "0004_maps_hold"),
        ("reviewapp", "0003_drawn_by"),
    ]

    operations = [
        migrations.CreateModel(
            name="Exposure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exposures",
                        to="reviewapp.reviewitem",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item", "user"), name="exposure_once")
                ],
            },
        ),
        migrations.AddField("review", "taxonomy_version", models.ForeignKey(null=True, **VERSION)),
        migrations.AddField("draft", "taxonomy_version", models.ForeignKey(null=True, **VERSION)),
        migrations.AddField("report", "taxonomy_version", models.ForeignKey(null=True, **VERSION)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("review", "taxonomy_version", models.ForeignKey(**VERSION)),
        migrations.AlterField("draft", "taxonomy_version", models.ForeignKey(**VERSION)),
        migrations.AlterField("report", "taxonomy_version", models.ForeignKey(**VERSION)),
        migrations.AddField(
            model_name="review",
            name="supersedes",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="superseded_by",
                to="reviewapp.review",
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="live",
            field=models.BooleanField(default=True, help_text="not superseded by a later one"),
        ),
        migrations.AddField(
            model_name="reviewitem",
            name="reopened_at",
            field=models.DateTimeField(
                blank=True,
                help_text="when a new taxonomy version opened it again after it was resolved: "
                "until it is resolved once more its label is the one of that moment",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="slot",
            name="relabels",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reviewapp.review",
            ),
        ),
        migrations.AddField(
            model_name="slot",
            name="reserved_for",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reviewapp.rater",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reserved_for", None), ("relabels__isnull", False), _connector="OR"
                ),
                name="slot_reserved_to_relabel",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reserved_for", None),
                    ("rater", None),
                    ("rater", models.F("reserved_for")),
                    _connector="OR",
                ),
                name="slot_reserved_is_kept",
            ),
        ),
        migrations.RemoveIndex(model_name="slot", name="slot_claimable"),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("reserved_for", None), ("state__in", ["open", "claimed"])),
                fields=["project", "rank", "id"],
                name="slot_claimable",
            ),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(
                    ("reserved_for__isnull", False), ("state__in", ["open", "claimed"])
                ),
                fields=["reserved_for", "rank", "id"],
                name="slot_reserved",
            ),
        ),
        migrations.RemoveConstraint(model_name="report", name="report_one_current"),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=models.Q(("frozen_at", None)),
                fields=("run", "taxonomy_version"),
                name="report_one_current",
            ),
        ),
        migrations.RunSQL(HOLD, LET_GO),
    ]
