import json

from django.db import connection

from reviewapp.actions import audit


class TestVerifyAudit:
    def test_it_works(self, manage, project):
        assert "1 not sealed yet: whole" in manage("verify_audit").out
        audit.seal(project)
        ran = manage("verify_audit", "support", "--json")
        assert ran.code == 0
        assert json.loads(ran.out)[0]["sealed"] == 1

    def test_broken(self, manage, project):
        audit.seal(project)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE reviewapp_auditevent DISABLE TRIGGER USER")
            cursor.execute("UPDATE reviewapp_auditevent SET actor = 'nobody'")
        ran = manage("verify_audit", "support")
        assert ran.code == 1
        assert "was altered" in ran.out
        assert "support" in ran.err

    def test_no_projects(self, manage, db):
        assert manage("verify_audit").code == 0

    def test_unknown(self, manage, project):
        assert manage("verify_audit", "none").code == 1
