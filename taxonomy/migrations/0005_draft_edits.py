import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("taxonomy", "0004_maps_hold")]

    operations = [
        migrations.CreateModel(
            name="DraftEdit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("revision", models.PositiveIntegerField(help_text="the one that it made")),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("said", models.TextField(help_text="the change, in words")),
                (
                    "before",
                    models.JSONField(
                        blank=True, help_text="the draft before, to undo it", null=True
                    ),
                ),
                ("undone", models.BooleanField(default=False)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft_edits",
                        to="taxonomy.taxonomyversion",
                    ),
                ),
            ],
            options={"ordering": ["version", "revision"]},
        ),
        migrations.AddConstraint(
            model_name="draftedit",
            constraint=models.UniqueConstraint(
                fields=("version", "revision"), name="draft_edit_one_per_revision"
            ),
        ),
    ]
