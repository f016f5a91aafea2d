from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0007_prices"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="several_raters",
            field=models.CharField(
                choices=[
                    ("adjudicate", "they agree, or an authoritative one decides"),
                    ("average", "their mean"),
                ],
                db_default="adjudicate",
                default="adjudicate",
                help_text="what several labels of one of its items make together",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="cut_short_at",
            field=models.DateTimeField(
                blank=True,
                help_text="when somebody closed it before its window had ended",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="several_raters",
            field=models.CharField(
                choices=[
                    ("adjudicate", "they agree, or an authoritative one decides"),
                    ("average", "their mean"),
                ],
                db_default="adjudicate",
                default="adjudicate",
                help_text="what several labels of one item or output make together",
                max_length=10,
            ),
        ),
    ]
