from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0005_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="several_raters",
            field=models.CharField(
                choices=[
                    ("adjudicate", "they agree, or an authoritative one decides"),
                    ("average", "their mean"),
                ],
                db_default="adjudicate",
                default="adjudicate",
                help_text="what several labels from elsewhere of one output make together",
                max_length=10,
            ),
        ),
    ]
