"""A list of items by a category walks along one index: a finding says of which item it is."""

from django.db import migrations, models
from django.db.models.deletion import DO_NOTHING, PROTECT

FILL = """
ALTER TABLE reviewapp_finding DISABLE TRIGGER append_only;
UPDATE reviewapp_finding f SET item_id = v.item_id
FROM reviewapp_review v WHERE v.id = f.review_id;
ALTER TABLE reviewapp_finding ENABLE TRIGGER append_only;
"""

HOLD = """
CREATE OR REPLACE FUNCTION reviewapp_finding_of_its_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    version bigint;
BEGIN
    SELECT taxonomy_version_id, item_id INTO version, NEW.item_id
    FROM reviewapp_review WHERE id = NEW.review_id;
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
"""


def _item(**more):
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        on_delete=DO_NOTHING,
        related_name="+",
        to="reviewapp.reviewitem",
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("reviewapp", "0011_failed_parts"),
    ]

    operations = [
        migrations.AddField(
            model_name="finding",
            name="item",
            field=_item(null=True),
        ),
        migrations.RunSQL(FILL + HOLD),
        migrations.AlterField(
            model_name="finding",
            name="item",
            field=_item(),
        ),
        migrations.AlterField(
            model_name="finding",
            name="category",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=PROTECT,
                related_name="findings",
                to="taxonomy.category",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["category", "item"], name="finding_of_category"),
        ),
    ]
