"""The desk: an item fetched ahead, reviews that were undone or are not counted, gold items, flags
and comments, reviewers who adjudicate. A review changes in two ways only: it is superseded, or its
rater takes it back before anybody has seen its sides."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PROTECT, CASCADE = django.db.models.deletion.PROTECT, django.db.models.deletion.CASCADE

# Every claim and every submission leaves a dead entry at the head of the line, which each later
# claim walks over until it is gone: not only after a fifth of the table has changed.
TIDY = """
ALTER TABLE reviewapp_slot SET (fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500);
"""

HOLD = """
CREATE FUNCTION reviewapp_review_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'live' = to_jsonb(OLD) - 'live'
        AND (OLD.live OR NOT NEW.live) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
        AND NOT NEW.live AND (OLD.live OR OLD.gold)
        AND to_jsonb(NEW) - '{live,withdrawn_at}'::text[]
            = to_jsonb(OLD) - '{live,withdrawn_at}'::text[] THEN
        IF EXISTS (
            SELECT FROM reviewapp_exposure x JOIN reviewapp_rater r ON r.id = OLD.rater_id
            WHERE x.item_id = OLD.item_id AND (NOT OLD.gold OR x.user_id = r.user_id)) THEN
            RAISE EXCEPTION 'review % cannot be undone: the sides of its item were shown', OLD.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'review % is append-only; make a revision', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER append_only ON reviewapp_review;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_review
    FOR EACH ROW EXECUTE FUNCTION reviewapp_review_kept();

CREATE FUNCTION reviewapp_gold_not_seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM reviewapp_exposure x JOIN reviewapp_rater r ON r.id = NEW.rater_id
        WHERE x.item_id = NEW.item_id AND x.user_id = r.user_id) THEN
        RAISE EXCEPTION 'whoever has seen the sides of item % cannot be tried on it', NEW.item_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER gold_not_seen BEFORE INSERT ON reviewapp_review
    FOR EACH ROW WHEN (NEW.gold) EXECUTE FUNCTION reviewapp_gold_not_seen();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_comment
    FOR EACH ROW EXECUTE FUNCTION reviewapp_append_only();
"""

LET_GO = """
DROP TRIGGER append_only ON reviewapp_comment;
DROP TRIGGER gold_not_seen ON reviewapp_review;
DROP FUNCTION reviewapp_gold_not_seen();
DROP TRIGGER append_only ON reviewapp_review;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_review
    FOR EACH ROW EXECUTE FUNCTION reviewapp_review_append_only();
DROP FUNCTION reviewapp_review_kept();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0006_labels_from_elsewhere"),
        ("reviewapp", "0006_looks_and_parts"),
        ("taxonomy", "0005_draft_edits"),
    ]

    operations = [
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("text", models.TextField()),
            ],
            options={
                "ordering": ["item", "id"],
            },
        ),
        migrations.CreateModel(
            name="Flag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["item", "id"],
            },
        ),
        migrations.CreateModel(
            name="GoldItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("marked_at", models.DateTimeField(auto_now_add=True)),
                (
                    "retired_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="given to nobody from then on; what was said is kept",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["item", "id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="slot",
            name="slot_one_per_number",
        ),
        migrations.RemoveConstraint(
            model_name="slot",
            name="slot_one_lease_per_rater",
        ),
        migrations.RemoveConstraint(
            model_name="slot",
            name="slot_number_from_1_to_9",
        ),
        migrations.AddField(
            model_name="membership",
            name="adjudicates",
            field=models.BooleanField(
                db_default=False, default=False, help_text="a reviewer who may adjudicate too"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="counted",
            field=models.BooleanField(
                db_default=True, default=True, help_text="whether its place was still the rater's"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="gold",
            field=models.BooleanField(
                db_default=False, default=False, help_text="of a gold item, as such"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, help_text="when it was undone", null=True),
        ),
        migrations.AddField(
            model_name="slot",
            name="ahead",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="fetched ahead of the one its rater is at",
            ),
        ),
        migrations.AddField(
            model_name="slot",
            name="gold",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="slot",
            name="skip_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("field", "Not my field"),
                    ("unclear", "It cannot be judged from what is shown"),
                    ("language", "I do not read this language"),
                    ("long", "Too long for now"),
                    ("other", "Another reason"),
                ],
                db_default="",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("adjudicates", False), ("role", "reviewer"), _connector="OR"),
                name="membership_named_is_a_reviewer",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                condition=models.Q(("gold", True), ("withdrawn_at", None)),
                fields=("item", "rater"),
                name="review_one_gold_per_rater",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("live", False),
                    models.Q(("counted", True), ("gold", False), ("withdrawn_at", None)),
                    _connector="OR",
                ),
                name="review_live_is_a_label",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gold", False),
                    models.Q(("authoritative", False), ("blind", True), ("counted", True)),
                    _connector="OR",
                ),
                name="review_gold_is_blind",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(
                condition=models.Q(("gold", False)),
                fields=("item", "number"),
                name="slot_one_per_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "claimed")),
                fields=("rater", "ahead"),
                name="slot_one_lease_and_one_ahead",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("gold", False), ("number__range", (1, 9))),
                    models.Q(("gold", True), ("number", 0)),
                    _connector="OR",
                ),
                name="slot_number_from_1_to_9",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(
                condition=models.Q(("ahead", False), ("state", "claimed"), _connector="OR"),
                name="slot_ahead_is_claimed",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gold", False),
                    models.Q(("rater__isnull", False), ("relabels", None), ("reserved_for", None)),
                    _connector="OR",
                ),
                name="slot_gold_is_its_raters",
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="comments",
                to="reviewapp.reviewitem",
            ),
        ),
        migrations.AddField(
            model_name="flag",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="flag",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="flags",
                to="reviewapp.reviewitem",
            ),
        ),
        migrations.AddField(
            model_name="flag",
            name="settled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="golditem",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="gold",
                to="reviewapp.reviewitem",
            ),
        ),
        migrations.AddField(
            model_name="golditem",
            name="marked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="golditem",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="reviewapp.review"
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="comment_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="flag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at", None)),
                fields=("item",),
                name="flag_one_open_per_item",
            ),
        ),
        migrations.AddConstraint(
            model_name="flag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("settled_by", None)),
                    models.Q(("settled_at__isnull", False), ("settled_by__isnull", False)),
                    _connector="OR",
                ),
                name="flag_settled_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="golditem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)), fields=("item",), name="gold_one_per_item"
            ),
        ),
        migrations.AlterField(
            model_name="slot",
            name="item",
            field=models.ForeignKey(
                db_index=False,
                on_delete=CASCADE,
                related_name="slots",
                to="reviewapp.reviewitem",
            ),
        ),
        migrations.AlterField(
            model_name="slot",
            name="project",
            field=models.ForeignKey(
                db_index=False, on_delete=CASCADE, related_name="+", to="evals.project"
            ),
        ),
        # With the index of the column alone Django drops every other one on it: this one as well.
        migrations.RemoveConstraint(model_name="review", name="review_one_authoritative"),
        migrations.AlterField(
            model_name="review",
            name="item",
            field=models.ForeignKey(
                db_index=False,
                on_delete=PROTECT,
                related_name="reviews",
                to="reviewapp.reviewitem",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                condition=models.Q(("authoritative", True), ("live", True)),
                fields=("item",),
                name="review_one_authoritative",
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="rater",
            field=models.ForeignKey(
                db_index=False,
                on_delete=PROTECT,
                related_name="reviews",
                to="reviewapp.rater",
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="taxonomy_version",
            field=models.ForeignKey(
                db_index=False,
                on_delete=PROTECT,
                related_name="+",
                to="taxonomy.taxonomyversion",
            ),
        ),
        migrations.RunSQL(HOLD, LET_GO),
        migrations.RunSQL(TIDY, migrations.RunSQL.noop),
    ]
