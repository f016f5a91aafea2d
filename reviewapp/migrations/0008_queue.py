"""Lists of items at any depth and by any filter; how far reviewers agree, as it was last computed.

An item is indexed by the database, whoever makes it: its texts never change. They are cut, so that
no output, however long, makes a draw slow or too large to store."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

INDEXING = """
CREATE FUNCTION reviewapp_words(value jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN value IS NULL THEN ''::tsvector
        WHEN jsonb_typeof(value) = 'string' THEN to_tsvector('simple', left(value #>> '{}', 50000))
        WHEN octet_length(value::text) <= 100000
            THEN jsonb_to_tsvector('simple', value, '["string", "numeric", "boolean"]')
        ELSE to_tsvector('simple', left(value::text, 50000))
    END
$$;
CREATE FUNCTION reviewapp_index_items(items bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO reviewapp_itemindex (item_id, project_id, request, segment)
    SELECT i.id, i.project_id, r.key,
        ARRAY(SELECT left(key || '=' || coalesce(value, ''), 500)
              FROM jsonb_each_text(CASE jsonb_typeof(r.segment) WHEN 'object'
                                   THEN r.segment ELSE '{}' END))
    FROM reviewapp_reviewitem i
    JOIN evals_comparison c ON c.id = i.comparison_id
    JOIN evals_request r ON r.id = c.request_id
    WHERE i.id = ANY(items)
    ON CONFLICT DO NOTHING;
    INSERT INTO reviewapp_itemwords (item_id, words)
    SELECT i.id,
        to_tsvector('simple', r.key) || reviewapp_words(r.input)
            || reviewapp_words(coalesce(b.value, to_jsonb(b.text)))
            || reviewapp_words(coalesce(k.value, to_jsonb(k.text)))
    FROM reviewapp_reviewitem i
    JOIN evals_comparison c ON c.id = i.comparison_id
    JOIN evals_request r ON r.id = c.request_id
    LEFT JOIN evals_output b ON b.id = c.baseline_output_id
    LEFT JOIN evals_output k ON k.id = c.candidate_output_id
    WHERE i.id = ANY(items)
    ON CONFLICT DO NOTHING
$$;
CREATE FUNCTION reviewapp_item_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reviewapp_index_items(ARRAY(SELECT id FROM made));
    RETURN NULL;
END $$;
CREATE TRIGGER indexed AFTER INSERT ON reviewapp_reviewitem
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION reviewapp_item_made();
SELECT reviewapp_index_items(ARRAY(SELECT id FROM reviewapp_reviewitem));
"""
NO_INDEXING = """
DROP TRIGGER indexed ON reviewapp_reviewitem;
DROP FUNCTION reviewapp_item_made();
DROP FUNCTION reviewapp_index_items(bigint[]);
DROP FUNCTION reviewapp_words(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0006_labels_from_elsewhere"),
        ("reviewapp", "0007_desk"),
    ]

    operations = [
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("data", models.JSONField(blank=True, null=True)),
                ("why", models.TextField(blank=True, help_text="why there is nothing to show")),
                ("basis", models.JSONField(help_text="what it stood on")),
                ("seconds", models.FloatField(help_text="that it took")),
                ("computed_at", models.DateTimeField()),
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="agreement",
                        to="evals.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("data__isnull", True), models.Q(("why", ""), _negated=True)),
                            models.Q(("data__isnull", False), ("why", "")),
                            _connector="OR",
                        ),
                        name="agreement_shows_or_says_why",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemIndex",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="index",
                        serialize=False,
                        to="reviewapp.reviewitem",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="evals.project",
                    ),
                ),
                ("request", models.CharField(help_text="the id of the request", max_length=200)),
                (
                    "segment",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), help_text='"key=value", each', size=None
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["project", "request", "item"],
                        name="item_index_request",
                        opclasses=["int8_ops", "varchar_pattern_ops", "int8_ops"],
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["segment"], name="item_index_segment"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemWords",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="reviewapp.reviewitem",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["words"], name="item_words")
                ],
            },
        ),
        migrations.AlterField(
            model_name="reviewitem",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="evals.project",
            ),
        ),
        migrations.AlterField(
            model_name="reviewitem",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="evals.run",
            ),
        ),
        migrations.AddIndex(
            model_name="reviewitem",
            index=models.Index(fields=["project", "id"], name="item_list"),
        ),
        migrations.AddIndex(
            model_name="reviewitem",
            index=models.Index(fields=["project", "state", "id"], name="item_list_state"),
        ),
        migrations.AddIndex(
            model_name="reviewitem",
            index=models.Index(fields=["project", "stratum", "id"], name="item_list_stratum"),
        ),
        migrations.AddIndex(
            model_name="reviewitem",
            index=models.Index(fields=["run", "id"], name="item_list_run"),
        ),
        migrations.RunSQL(INDEXING, NO_INDEXING),
    ]
