"""What a version says became of the one before is whole, of its own two versions, and frozen with
it. Versions from before there were maps get the map by key."""

from django.db import migrations

FORWARD = """
ALTER TABLE taxonomy_taxonomyversion DISABLE TRIGGER taxonomy_version_is_immutable;
UPDATE taxonomy_taxonomyversion v SET based_on_id = (
    SELECT e.id FROM taxonomy_taxonomyversion e
    WHERE e.taxonomy_id = v.taxonomy_id AND e.number < v.number AND e.state <> 'draft'
    ORDER BY e.number DESC LIMIT 1);
-- What checks the foreign keys just written is due now: a table with checks pending stays as it is.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE taxonomy_taxonomyversion ENABLE TRIGGER taxonomy_version_is_immutable;
INSERT INTO taxonomy_categorymove (version_id, old_id, new_id, relabel)
SELECT v.id, o.id, (SELECT n.id FROM taxonomy_category n
    WHERE n.version_id = v.id AND n.key = o.key
      AND NOT EXISTS (SELECT FROM taxonomy_category c WHERE c.parent_id = n.id)), false
FROM taxonomy_taxonomyversion v JOIN taxonomy_category o ON o.version_id = v.based_on_id
WHERE NOT EXISTS (SELECT FROM taxonomy_category c WHERE c.parent_id = o.id);
INSERT INTO taxonomy_severitymove (version_id, old_id, new_id)
SELECT v.id, o.id, n.id
FROM taxonomy_taxonomyversion v JOIN taxonomy_severity o ON o.version_id = v.based_on_id
LEFT JOIN taxonomy_severity n ON n.version_id = v.id AND n.key = o.key;

CREATE TRIGGER taxonomy_part_is_immutable
    BEFORE INSERT OR UPDATE OR DELETE ON taxonomy_categorymove
    FOR EACH ROW EXECUTE FUNCTION taxonomy_part_is_immutable();
CREATE TRIGGER taxonomy_part_is_immutable
    BEFORE INSERT OR UPDATE OR DELETE ON taxonomy_severitymove
    FOR EACH ROW EXECUTE FUNCTION taxonomy_part_is_immutable();

CREATE FUNCTION taxonomy_move_is_of_its_versions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    part text := replace(TG_TABLE_NAME, 'move', '');
    whole boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM taxonomy_taxonomyversion v JOIN %I o
            ON o.version_id = v.based_on_id AND o.id = $2
        WHERE v.id = $1 AND ($3 IS NULL OR EXISTS (
            SELECT FROM %I n WHERE n.version_id = v.id AND n.id = $3)))', part, part)
        INTO whole USING NEW.version_id, NEW.old_id, NEW.new_id;
    IF NOT whole THEN
        RAISE EXCEPTION 'a move goes from a part of the version before to one of version %',
            NEW.version_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER taxonomy_move_is_of_its_versions
    BEFORE INSERT OR UPDATE ON taxonomy_categorymove
    FOR EACH ROW EXECUTE FUNCTION taxonomy_move_is_of_its_versions();
CREATE TRIGGER taxonomy_move_is_of_its_versions
    BEFORE INSERT OR UPDATE ON taxonomy_severitymove
    FOR EACH ROW EXECUTE FUNCTION taxonomy_move_is_of_its_versions();

CREATE FUNCTION taxonomy_version_stands_on_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.based_on_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM taxonomy_taxonomyversion WHERE id = NEW.based_on_id
        AND taxonomy_id = NEW.taxonomy_id AND number < NEW.number AND state <> 'draft') THEN
        RAISE EXCEPTION 'a version is based on an earlier published one of its own taxonomy'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.based_on_id IS DISTINCT FROM OLD.based_on_id AND EXISTS (
        SELECT FROM taxonomy_categorymove WHERE version_id = NEW.id) THEN
        RAISE EXCEPTION 'version % has a map from the one that it is based on', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'draft' OR NEW.based_on_id IS NULL THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT FROM taxonomy_category o WHERE o.version_id = NEW.based_on_id
        AND NOT EXISTS (SELECT FROM taxonomy_category c WHERE c.parent_id = o.id)
        AND NOT EXISTS (SELECT FROM taxonomy_categorymove m
                        WHERE m.version_id = NEW.id AND m.old_id = o.id)
    ) OR EXISTS (
        SELECT FROM taxonomy_severity o WHERE o.version_id = NEW.based_on_id
        AND NOT EXISTS (SELECT FROM taxonomy_severitymove m
                        WHERE m.version_id = NEW.id AND m.old_id = o.id)
    ) THEN
        RAISE EXCEPTION 'version % does not say what became of every part of the one before', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT FROM taxonomy_categorymove m WHERE m.version_id = NEW.id
        AND (EXISTS (SELECT FROM taxonomy_category c WHERE c.parent_id IN (m.old_id, m.new_id))
             OR m.new_id IS NULL AND EXISTS (SELECT FROM taxonomy_categorymove o
                 WHERE o.version_id = m.version_id AND o.old_id = m.old_id AND o.id <> m.id))
    ) THEN
        RAISE EXCEPTION 'version % maps a heading, or retires a category and keeps it', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER taxonomy_version_stands_on_another
    BEFORE INSERT OR UPDATE ON taxonomy_taxonomyversion
    FOR EACH ROW EXECUTE FUNCTION taxonomy_version_stands_on_another();
"""

BACKWARD = """
DROP TRIGGER taxonomy_version_stands_on_another ON taxonomy_taxonomyversion;
DROP FUNCTION taxonomy_version_stands_on_another();
DROP TRIGGER taxonomy_move_is_of_its_versions ON taxonomy_severitymove;
DROP TRIGGER taxonomy_move_is_of_its_versions ON taxonomy_categorymove;
DROP FUNCTION taxonomy_move_is_of_its_versions();
DROP TRIGGER taxonomy_part_is_immutable ON taxonomy_severitymove;
DROP TRIGGER taxonomy_part_is_immutable ON taxonomy_categorymove;
"""


class Migration(migrations.Migration):
    dependencies = [("taxonomy", "0003_maps")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
