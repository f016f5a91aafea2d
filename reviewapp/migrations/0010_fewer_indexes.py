"""A claim and a submission write each index of their rows: fewer of them, and none of columns that
are nearly always null."""

from django.db import migrations, models
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):
    dependencies = [
        ("reviewapp", "0009_seconds_of_reports"),
    ]

    operations = [
        migrations.AlterField(
            model_name="review",
            name="label_set",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=PROTECT,
                related_name="reviews",
                to="reviewapp.labelset",
            ),
        ),
        migrations.AlterField(
            model_name="reviewitem",
            name="label_set",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="with which it came; none where it was drawn here",
                null=True,
                on_delete=PROTECT,
                related_name="items",
                to="reviewapp.labelset",
            ),
        ),
        migrations.AlterField(
            model_name="slot",
            name="rater",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=PROTECT,
                related_name="slots",
                to="reviewapp.rater",
            ),
        ),
        migrations.AlterField(
            model_name="slot",
            name="relabels",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=PROTECT,
                related_name="+",
                to="reviewapp.review",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("label_set__isnull", False)),
                fields=["label_set"],
                name="review_label_set",
            ),
        ),
        migrations.AddIndex(
            model_name="reviewitem",
            index=models.Index(
                condition=models.Q(("label_set__isnull", False)),
                fields=["label_set"],
                name="item_label_set",
            ),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("relabels__isnull", False)),
                fields=["relabels"],
                name="slot_relabels",
            ),
        ),
    ]
