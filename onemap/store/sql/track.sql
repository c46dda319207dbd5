-- The spine: every committed change of a layer's row is one row of the change log and, where more than its volatile
-- columns changed, one row of the layer's history, written by the same statement that changed it. Statement-level
-- triggers with transition tables keep bulk loads at one log statement per batch. Nothing can write around them.

CREATE OR REPLACE FUNCTION onemap.actor() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user::text)
$$;

-- Dates a new version. The trigger's WHEN leaves out rows of which only volatile columns changed: their version stays,
-- so that "as of" finds one version for every instant.
CREATE OR REPLACE FUNCTION onemap.stamp_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A transaction that began before another one's change and writes after it must not date its version before that
  -- one: two versions would hold the same instant.
  NEW.sys_from := CASE WHEN OLD.sys_from > now() THEN OLD.sys_from + interval '1 microsecond' ELSE now() END;
  NEW.changed_by := onemap.actor();
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION onemap.track_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO onemap.change_log (layer, op, fid, key, h3, west, south, east, north)
  SELECT TG_TABLE_NAME, 'I', id, key, h3, st_xmin(geom), st_ymin(geom), st_xmax(geom), st_ymax(geom) FROM new_rows;
  IF FOUND THEN PERFORM pg_notify('onemap_change', ''); END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION onemap.track_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO onemap.change_log (layer, op, fid, key, h3, west, south, east, north)
  SELECT TG_TABLE_NAME, 'U', n.id, n.key, n.h3,
         least(st_xmin(o.geom), st_xmin(n.geom)), least(st_ymin(o.geom), st_ymin(n.geom)),
         greatest(st_xmax(o.geom), st_xmax(n.geom)), greatest(st_ymax(o.geom), st_ymax(n.geom))
  FROM new_rows n JOIN old_rows o USING (id);
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM pg_notify('onemap_change', '');
  EXECUTE format(
    'INSERT INTO onemap.%I SELECT n.sys_from, ''U'', onemap.actor(), o.* FROM old_rows o JOIN new_rows n USING (id) '
    'WHERE n.sys_from > o.sys_from', TG_TABLE_NAME || '_history');
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION onemap.track_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO onemap.change_log (layer, op, fid, key, h3, west, south, east, north)
  SELECT TG_TABLE_NAME, 'D', id, key, h3, st_xmin(geom), st_ymin(geom), st_xmax(geom), st_ymax(geom) FROM old_rows;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM pg_notify('onemap_change', '');
  EXECUTE format('INSERT INTO onemap.%I SELECT greatest(now(), o.sys_from), ''D'', onemap.actor(), o.* FROM old_rows o',
                 TG_TABLE_NAME || '_history');
  RETURN NULL;
END $$;

-- Puts the triggers on a layer's table. A truncate would leave no trace, so it is refused.
CREATE OR REPLACE FUNCTION onemap.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'layer % keeps its history: use DELETE, not TRUNCATE', TG_TABLE_NAME;
END $$;

CREATE OR REPLACE FUNCTION onemap.track_layer(layer text, volatile_columns text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  lasting text;
  changed text := '';
BEGIN
  -- Comparing the lasting columns one by one costs a hundredth of comparing whole rows as JSON.
  IF cardinality(volatile_columns) > 0 THEN
    SELECT string_agg(format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', column_name), ' OR ' ORDER BY ordinal_position)
    INTO lasting FROM information_schema.columns
    WHERE table_schema = 'onemap' AND table_name = layer AND is_generated = 'NEVER'
      AND NOT column_name = ANY (volatile_columns || ARRAY['id']);
    changed := format('WHEN (%s)', lasting);
  END IF;
  EXECUTE format('CREATE OR REPLACE TRIGGER stamp BEFORE UPDATE ON onemap.%I FOR EACH ROW %s '
                 'EXECUTE FUNCTION onemap.stamp_row()', layer, changed);
  EXECUTE format('CREATE OR REPLACE TRIGGER track_insert AFTER INSERT ON onemap.%I REFERENCING NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION onemap.track_insert()', layer);
  EXECUTE format('CREATE OR REPLACE TRIGGER track_update AFTER UPDATE ON onemap.%I REFERENCING OLD TABLE AS old_rows '
                 'NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION onemap.track_update()', layer);
  EXECUTE format('CREATE OR REPLACE TRIGGER track_delete AFTER DELETE ON onemap.%I REFERENCING OLD TABLE AS old_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION onemap.track_delete()', layer);
  EXECUTE format('CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON onemap.%I '
                 'FOR EACH STATEMENT EXECUTE FUNCTION onemap.refuse_truncate()', layer);
  EXECUTE format('COMMENT ON TRIGGER stamp ON onemap.%I IS %L', layer, 'volatile ' || volatile_columns::text);
END $$;

-- Time partitions are made on demand and attached (a lock that readers and writers pass), never by a bare
-- PARTITION OF (one that stops them). `step` is 'day' or 'month'.
CREATE OR REPLACE FUNCTION onemap.ensure_partition(parent text, step text, instant timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  lower_bound timestamptz := date_trunc(step, instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  upper_bound timestamptz := (date_trunc(step, instant AT TIME ZONE 'UTC') + ('1 ' || step)::interval) AT TIME ZONE 'UTC';
  child text := parent || '_p' || to_char(lower_bound AT TIME ZONE 'UTC',
                                          CASE step WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
BEGIN
  IF to_regclass(format('onemap.%I', child)) IS NOT NULL THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('onemap.' || child));
  IF to_regclass(format('onemap.%I', child)) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE onemap.%I (LIKE onemap.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent);
  EXECUTE format('ALTER TABLE onemap.%I ATTACH PARTITION onemap.%I FOR VALUES FROM (%L) TO (%L)',
                 parent, child, lower_bound, upper_bound);
  RETURN true;
END $$;
