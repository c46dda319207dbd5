-- The peer: the same machine as a row trigger over PostGIS, indexed, without what only we do (belief in fixes, crossings).
CREATE TABLE onemap.peer_state (
  fence_id bigint, mover_id bigint, inside boolean, dwelling boolean, since timestamptz,
  PRIMARY KEY (mover_id, fence_id));
CREATE TABLE onemap.peer_event (
  id bigint GENERATED ALWAYS AS IDENTITY, fence_id bigint, mover_id bigint, kind text, at timestamptz, p float8, d float8);

CREATE FUNCTION onemap.peer_fix() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sigma float8 := greatest(coalesce(NEW.accuracy_m, 10), 1) / 1.5096;
  here geometry := st_force2d(NEW.geom);
  one record;
BEGIN
  FOR one IN
    SELECT g.id, st_distance(st_boundary(g.geom)::geography, here::geography) AS metres,
           st_intersects(g.geom, here) AS holds, s.inside, s.dwelling, s.since,
           (g.spec->>'dwell_s')::float8 AS dwell_s
    FROM onemap.geofence g
    LEFT JOIN onemap.peer_state s ON s.mover_id = NEW.mover_id AND s.fence_id = g.id
    WHERE g.geom && st_expand(here, 0.0005)
       OR g.id IN (SELECT fence_id FROM onemap.peer_state WHERE mover_id = NEW.mover_id)
  LOOP
    DECLARE
      d float8 := CASE WHEN one.holds THEN -one.metres ELSE one.metres END;
      p float8 := 1 / (1 + exp(least(greatest(1.702 * d / sigma, -500), 500)));  -- the normal, near enough
    BEGIN
      IF coalesce(one.inside, false) THEN
        IF p <= 0.2 THEN
          DELETE FROM onemap.peer_state WHERE mover_id = NEW.mover_id AND fence_id = one.id;
          INSERT INTO onemap.peer_event (fence_id, mover_id, kind, at, p, d)
          VALUES (one.id, NEW.mover_id, 'exit', NEW.at, p, d);
        ELSIF NOT one.dwelling AND NEW.at - one.since >= make_interval(secs => one.dwell_s) THEN
          UPDATE onemap.peer_state SET dwelling = true WHERE mover_id = NEW.mover_id AND fence_id = one.id;
          INSERT INTO onemap.peer_event (fence_id, mover_id, kind, at, p, d)
          VALUES (one.id, NEW.mover_id, 'dwell', NEW.at, p, d);
        END IF;
      ELSIF p >= 0.8 THEN
        INSERT INTO onemap.peer_state VALUES (one.id, NEW.mover_id, true, false, NEW.at);
        INSERT INTO onemap.peer_event (fence_id, mover_id, kind, at, p, d)
        VALUES (one.id, NEW.mover_id, 'enter', NEW.at, p, d);
      END IF;
    END;
  END LOOP;
  RETURN NULL;
END $$;

CREATE TRIGGER peer_fix AFTER INSERT ON onemap.fix FOR EACH ROW EXECUTE FUNCTION onemap.peer_fix();
