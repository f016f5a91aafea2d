"""How long a report took: refreshing it must not take the machine from those who label."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviewapp", "0008_queue"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="seconds",
            field=models.FloatField(
                db_default=0.0, default=0.0, help_text="that computing its core took"
            ),
        ),
    ]
