"""A part of a report that could not be computed again keeps what it had. And runs that nobody has
judged take what their project says of several raters: until evals 0008 they could not say it."""

from django.db import migrations, models
from django.db.models import Q

_RUNS = """
UPDATE evals_run r SET several_raters = p.several_raters
FROM evals_project p
WHERE p.id = r.project_id AND r.several_raters <> p.several_raters
    AND NOT EXISTS (
        SELECT FROM reviewapp_review v JOIN reviewapp_reviewitem i ON i.id = v.item_id
        WHERE i.run_id = r.id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0008_several_raters_of_runs"),
        ("reviewapp", "0010_fewer_indexes"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="reportpart", name="part_shows_or_says_why"),
        migrations.AddConstraint(
            model_name="reportpart",
            constraint=models.CheckConstraint(
                condition=~Q(why="") | Q(data__isnull=False),
                name="part_shows_or_says_why",
            ),
        ),
        migrations.AlterField(
            model_name="reportpart",
            name="why",
            field=models.TextField(
                blank=True, help_text="why there is nothing to show, or nothing newer"
            ),
        ),
        migrations.AlterField(
            model_name="reportpart",
            name="basis",
            field=models.JSONField(
                help_text="what it stood on, as reports.freshness.basis has it; nothing where it "
                "failed"
            ),
        ),
        migrations.RunSQL(_RUNS, migrations.RunSQL.noop),
    ]
