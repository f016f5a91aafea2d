from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evals", "0002_immutable")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="tracing",
            field=models.JSONField(
                default=dict,
                help_text="Which spans are whose, as evals.otlp.tracing.Tracing reads it.",
            ),
        ),
    ]
