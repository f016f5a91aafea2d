"""Prints a one-time link that makes the first account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reviewapp.actions import members


class Command(BaseCommand):
    help = "Prints a one-time link that makes the first account; earlier links stop working."

    def handle(self, *args: Any, **options: Any) -> None:
        secret = members.first_account_secret()
        if secret is None:
            raise CommandError("Accounts exist: sign in, or ask an owner for an invitation.")
        self.stdout.write(f"{settings.PUBLIC_URL}/join/{secret}/")
        self.stderr.write(
            "It works once. Where you serve another address, put /join/… behind that."
        )
