"""A published taxonomy version may be retired, and nothing else about it ever changes."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION taxonomy_version_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'draft' THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' AND OLD.state = 'draft' THEN
        RETURN OLD;
    ELSIF TG_OP = 'UPDATE' AND NEW.state IN ('published', 'retired')
        AND to_jsonb(NEW) - 'state' = to_jsonb(OLD) - 'state' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'taxonomy version % is published and cannot change; make a new version', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER taxonomy_version_is_immutable BEFORE UPDATE OR DELETE ON taxonomy_taxonomyversion
    FOR EACH ROW EXECUTE FUNCTION taxonomy_version_is_immutable();

CREATE FUNCTION taxonomy_part_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    versions bigint[] := '{}';
    part jsonb;
BEGIN
    FOREACH part IN ARRAY ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
        CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END]
    LOOP
        IF part ? 'version_id' THEN
            versions := versions || (part ->> 'version_id')::bigint;
        ELSIF part ? 'category_id' THEN
            versions := versions || (SELECT version_id FROM taxonomy_category
                                     WHERE id = (part ->> 'category_id')::bigint);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM taxonomy_taxonomyversion
               WHERE id = ANY (versions) AND state <> 'draft') THEN
        RAISE EXCEPTION 'a published taxonomy version cannot change; make a new version'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER taxonomy_part_is_immutable BEFORE INSERT OR UPDATE OR DELETE ON taxonomy_category
    FOR EACH ROW EXECUTE FUNCTION taxonomy_part_is_immutable();
CREATE TRIGGER taxonomy_part_is_immutable BEFORE INSERT OR UPDATE OR DELETE ON taxonomy_severity
    FOR EACH ROW EXECUTE FUNCTION taxonomy_part_is_immutable();
CREATE TRIGGER taxonomy_part_is_immutable
    BEFORE INSERT OR UPDATE OR DELETE ON taxonomy_categoryweight
    FOR EACH ROW EXECUTE FUNCTION taxonomy_part_is_immutable();
"""

BACKWARD = """
DROP TRIGGER taxonomy_part_is_immutable ON taxonomy_categoryweight;
DROP TRIGGER taxonomy_part_is_immutable ON taxonomy_severity;
DROP TRIGGER taxonomy_part_is_immutable ON taxonomy_category;
DROP FUNCTION taxonomy_part_is_immutable();
DROP TRIGGER taxonomy_version_is_immutable ON taxonomy_taxonomyversion;
DROP FUNCTION taxonomy_version_is_immutable();
"""


class Migration(migrations.Migration):
    dependencies = [("taxonomy", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
