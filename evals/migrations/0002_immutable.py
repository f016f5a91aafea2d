"""Outputs, sealed eval sets and used model versions never change."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION evals_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % is stored as it was received and cannot change', TG_ARGV[0], OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER output_is_immutable BEFORE UPDATE ON evals_output
    FOR EACH ROW EXECUTE FUNCTION evals_refuse_change('output');

CREATE FUNCTION evals_model_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['api_key_env', 'benchmarks', 'concurrency', 'timeout_s', 'max_attempts'];
BEGIN
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free
        AND EXISTS (SELECT FROM evals_output WHERE model_id = OLD.id) THEN
        RAISE EXCEPTION 'model version "%" has outputs and cannot change; make a new one', OLD.name
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER model_is_frozen BEFORE UPDATE ON evals_modelversion
    FOR EACH ROW EXECUTE FUNCTION evals_model_is_frozen();

CREATE FUNCTION evals_evalset_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sealed_at IS NOT NULL THEN
        RAISE EXCEPTION 'eval set version % is sealed; make a new version', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER evalset_is_sealed BEFORE UPDATE OR DELETE ON evals_evalsetversion
    FOR EACH ROW EXECUTE FUNCTION evals_evalset_is_sealed();

CREATE FUNCTION evals_example_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM evals_evalsetversion WHERE sealed_at IS NOT NULL
               AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END,
                          CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END)) THEN
        RAISE EXCEPTION 'a sealed eval set version cannot change; make a new version'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER example_is_sealed BEFORE INSERT OR UPDATE OR DELETE ON evals_example
    FOR EACH ROW EXECUTE FUNCTION evals_example_is_sealed();
"""

BACKWARD = """
DROP TRIGGER example_is_sealed ON evals_example;
DROP FUNCTION evals_example_is_sealed();
DROP TRIGGER evalset_is_sealed ON evals_evalsetversion;
DROP FUNCTION evals_evalset_is_sealed();
DROP TRIGGER model_is_frozen ON evals_modelversion;
DROP FUNCTION evals_model_is_frozen();
DROP TRIGGER output_is_immutable ON evals_output;
DROP FUNCTION evals_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("evals", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
