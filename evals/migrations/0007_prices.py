from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0006_labels_from_elsewhere"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.CheckConstraint(
                name="model_prices_not_negative",
                violation_error_message="A price is 0 or more US dollars.",
                condition=(Q(price_input=None) | Q(price_input__gte=0))
                & (Q(price_output=None) | Q(price_output__gte=0)),
            ),
        ),
    ]
