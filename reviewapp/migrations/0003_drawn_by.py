"""An item says by which set of comparators it was drawn."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviewapp", "0002_append_only"), ("evals", "0004_comparison_sets")]
    operations = [
        migrations.AddField(
            model_name="reviewitem",
            name="comparison_set",
            field=models.PositiveSmallIntegerField(
                db_default=1,
                default=1,
                help_text="the set of comparators by whose strata it was drawn",
            ),
        ),
    ]
