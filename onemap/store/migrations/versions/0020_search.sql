-- Texts as the search compares them: full-width signs are their narrow ones, capitals are small.
CREATE FUNCTION onemap.folded(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT lower(CASE WHEN octet_length(words) = length(words) THEN words ELSE normalize(words, NFKC) END)
$$;

-- The pairs of neighbouring characters of a text, or its one character. Trigrams would not find two Chinese characters
-- in the middle of a name, and that is what most people type.
CREATE FUNCTION onemap.grams(words text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 4000 AS $$
DECLARE
  signs text[] := string_to_array(onemap.folded(words), NULL);
  pairs int := cardinality(signs) - 1;
BEGIN
  IF pairs < 1 THEN
    RETURN signs;
  END IF;
  FOR i IN 1 .. pairs LOOP
    signs[i] := signs[i] || signs[i + 1];
  END LOOP;
  RETURN signs[1:pairs];
END
$$;

CREATE INDEX ix_building_searched ON onemap.building USING gin (onemap.grams(name), onemap.grams(address_code));

-- Layers that no revision knows are made after the revisions, with their indexes.
DO $$
BEGIN
  IF to_regclass('onemap.part') IS NOT NULL THEN
    CREATE INDEX ix_part_searched ON onemap.part USING gin (onemap.grams(name), onemap.grams(code));
  END IF;
END
$$;

CREATE INDEX ix_road_searched ON onemap.road USING gin (onemap.grams(name), onemap.grams(name_en));

CREATE INDEX ix_incident_searched ON onemap.incident USING gin (onemap.grams(title), onemap.grams(address));
