"""Reviews, findings, decisions, policies, audit events and frozen reports are never rewritten,
and never deleted."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION reviewapp_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % is append-only', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_finding
    FOR EACH ROW EXECUTE FUNCTION reviewapp_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_decision
    FOR EACH ROW EXECUTE FUNCTION reviewapp_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_gatepolicy
    FOR EACH ROW EXECUTE FUNCTION reviewapp_append_only();

CREATE FUNCTION reviewapp_review_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'live' = to_jsonb(OLD) - 'live'
        AND (OLD.live OR NOT NEW.live) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'review % is append-only; make a revision', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_review
    FOR EACH ROW EXECUTE FUNCTION reviewapp_review_append_only();

CREATE FUNCTION reviewapp_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.sequence IS NULL AND to_jsonb(NEW) - '{sequence,digest}'::text[]
        = to_jsonb(OLD) - '{sequence,digest}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit event % is append-only', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reviewapp_auditevent
    FOR EACH ROW EXECUTE FUNCTION reviewapp_event_append_only();

CREATE FUNCTION reviewapp_report_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.frozen_at IS NOT NULL THEN
        RAISE EXCEPTION 'report % is frozen and cannot change', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER report_is_frozen BEFORE UPDATE OR DELETE ON reviewapp_report
    FOR EACH ROW EXECUTE FUNCTION reviewapp_report_frozen();

CREATE FUNCTION reviewapp_item_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.run_id, OLD.comparison_id, OLD.batch, OLD.stratum, OLD.position, OLD.inclusion)
        IS DISTINCT FROM
        (NEW.run_id, NEW.comparison_id, NEW.batch, NEW.stratum, NEW.position, NEW.inclusion) THEN
        RAISE EXCEPTION 'item % keeps its stratum, position and inclusion probability', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER item_keeps_its_place BEFORE UPDATE ON reviewapp_reviewitem
    FOR EACH ROW EXECUTE FUNCTION reviewapp_item_place();
"""

BACKWARD = """
DROP TRIGGER item_keeps_its_place ON reviewapp_reviewitem;
DROP FUNCTION reviewapp_item_place();
DROP TRIGGER report_is_frozen ON reviewapp_report;
DROP FUNCTION reviewapp_report_frozen();
DROP TRIGGER append_only ON reviewapp_auditevent;
DROP FUNCTION reviewapp_event_append_only();
DROP TRIGGER append_only ON reviewapp_review;
DROP FUNCTION reviewapp_review_append_only();
DROP TRIGGER append_only ON reviewapp_gatepolicy;
DROP TRIGGER append_only ON reviewapp_decision;
DROP TRIGGER append_only ON reviewapp_finding;
DROP FUNCTION reviewapp_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("reviewapp", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
