"""Sessions in the database as Django keeps them, found by a prepared statement."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db

from reviewapp.prepared import Statement

_DATA = Statement("""
SELECT session_data FROM django_session WHERE session_key = %(key)s AND expire_date > now()
""")


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        found = _DATA.first({"key": self.session_key})
        if found is None:
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(found[0])
        return data
