-- Frozen: later changes are revisions of their own.

CREATE TABLE onemap.account (
  login TEXT NOT NULL, 
  title TEXT NOT NULL, 
  role TEXT NOT NULL, 
  team_key TEXT, 
  password_hash TEXT NOT NULL, 
  enabled BOOLEAN DEFAULT true NOT NULL, 
  area geometry(MULTIPOLYGON,4326), 
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  CONSTRAINT pk_account PRIMARY KEY (login)
);

CREATE TABLE onemap.alert (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  warning_key TEXT NOT NULL, 
  team_key TEXT NOT NULL, 
  level SMALLINT NOT NULL, 
  title TEXT NOT NULL, 
  text TEXT NOT NULL, 
  state TEXT DEFAULT 'queued' NOT NULL, 
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  delivered_at TIMESTAMP WITH TIME ZONE, 
  acknowledged_at TIMESTAMP WITH TIME ZONE, 
  acknowledged_by TEXT, 
  arrived_at TIMESTAMP WITH TIME ZONE, 
  resolved_at TIMESTAMP WITH TIME ZONE, 
  due_on_site_at TIMESTAMP WITH TIME ZONE NOT NULL, 
  due_resolved_at TIMESTAMP WITH TIME ZONE NOT NULL, 
  due_followup_at TIMESTAMP WITH TIME ZONE NOT NULL, 
  CONSTRAINT pk_alert PRIMARY KEY (id), 
  CONSTRAINT uq_alert_warning_key_team_key_level UNIQUE (warning_key, team_key, level)
);

CREATE INDEX ix_alert_team_key ON onemap.alert (team_key);

CREATE INDEX ix_alert_warning_key ON onemap.alert (warning_key);

CREATE TABLE onemap.api_key (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  name TEXT NOT NULL, 
  key_hash BYTEA NOT NULL, 
  role TEXT DEFAULT 'viewer' NOT NULL, 
  layers TEXT[], 
  feeds TEXT[] DEFAULT '{}' NOT NULL, 
  area geometry(MULTIPOLYGON,4326), 
  enabled BOOLEAN DEFAULT true NOT NULL, 
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  expires_at TIMESTAMP WITH TIME ZONE, 
  CONSTRAINT pk_api_key PRIMARY KEY (id), 
  CONSTRAINT uq_api_key_name UNIQUE (name), 
  CONSTRAINT uq_api_key_key_hash UNIQUE (key_hash)
);

CREATE TABLE onemap.area (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  level TEXT, 
  code TEXT, 
  parent_code TEXT, 
  name TEXT, 
  name_en TEXT, 
  CONSTRAINT pk_area PRIMARY KEY (id), 
  CONSTRAINT uq_area_key UNIQUE (key)
);

CREATE INDEX ix_area_geom ON onemap.area USING gist (geom);

CREATE INDEX ix_area_geom_3857 ON onemap.area USING gist (geom_3857);

CREATE INDEX ix_area_h3 ON onemap.area (h3);

CREATE TABLE onemap.area_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  level TEXT, 
  code TEXT, 
  parent_code TEXT, 
  name TEXT, 
  name_en TEXT
);

CREATE INDEX ix_area_history_geom ON onemap.area_history USING gist (geom);

CREATE INDEX ix_area_history_id ON onemap.area_history (id, sys_to);

CREATE INDEX ix_area_history_sys ON onemap.area_history (sys_to, sys_from);

CREATE TABLE onemap.building (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  address_code TEXT, 
  name TEXT, 
  floors INTEGER, 
  height_m DOUBLE PRECISION, 
  use TEXT, 
  residents INTEGER, 
  residents_at TIMESTAMP WITH TIME ZONE, 
  households INTEGER, 
  households_at TIMESTAMP WITH TIME ZONE, 
  vehicles INTEGER, 
  vehicles_at TIMESTAMP WITH TIME ZONE, 
  organisations INTEGER, 
  organisations_at TIMESTAMP WITH TIME ZONE, 
  rentals INTEGER, 
  rentals_at TIMESTAMP WITH TIME ZONE, 
  grid_code TEXT, 
  CONSTRAINT pk_building PRIMARY KEY (id), 
  CONSTRAINT uq_building_key UNIQUE (key)
);

CREATE INDEX ix_building_geom ON onemap.building USING gist (geom);

CREATE INDEX ix_building_geom_3857 ON onemap.building USING gist (geom_3857);

CREATE INDEX ix_building_h3 ON onemap.building (h3);

CREATE TABLE onemap.building_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  address_code TEXT, 
  name TEXT, 
  floors INTEGER, 
  height_m DOUBLE PRECISION, 
  use TEXT, 
  residents INTEGER, 
  residents_at TIMESTAMP WITH TIME ZONE, 
  households INTEGER, 
  households_at TIMESTAMP WITH TIME ZONE, 
  vehicles INTEGER, 
  vehicles_at TIMESTAMP WITH TIME ZONE, 
  organisations INTEGER, 
  organisations_at TIMESTAMP WITH TIME ZONE, 
  rentals INTEGER, 
  rentals_at TIMESTAMP WITH TIME ZONE, 
  grid_code TEXT
);

CREATE INDEX ix_building_history_geom ON onemap.building_history USING gist (geom);

CREATE INDEX ix_building_history_id ON onemap.building_history (id, sys_to);

CREATE INDEX ix_building_history_sys ON onemap.building_history (sys_to, sys_from);

CREATE TABLE onemap.bulletin (
  key TEXT NOT NULL, 
  level SMALLINT NOT NULL, 
  area_codes TEXT[] NOT NULL, 
  issued_at TIMESTAMP WITH TIME ZONE NOT NULL, 
  valid_until TIMESTAMP WITH TIME ZONE, 
  text TEXT NOT NULL, 
  raw_id BIGINT, 
  CONSTRAINT pk_bulletin PRIMARY KEY (key)
);

CREATE TABLE onemap.camera (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  code TEXT, 
  name TEXT, 
  heading_deg DOUBLE PRECISION, 
  fov_deg DOUBLE PRECISION, 
  range_m DOUBLE PRECISION, 
  status TEXT, 
  mount_height_m DOUBLE PRECISION, 
  CONSTRAINT pk_camera PRIMARY KEY (id), 
  CONSTRAINT uq_camera_key UNIQUE (key)
);

CREATE INDEX ix_camera_geom ON onemap.camera USING gist (geom);

CREATE INDEX ix_camera_geom_3857 ON onemap.camera USING gist (geom_3857);

CREATE INDEX ix_camera_h3 ON onemap.camera (h3);

CREATE TABLE onemap.camera_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  code TEXT, 
  name TEXT, 
  heading_deg DOUBLE PRECISION, 
  fov_deg DOUBLE PRECISION, 
  range_m DOUBLE PRECISION, 
  status TEXT, 
  mount_height_m DOUBLE PRECISION
);

CREATE INDEX ix_camera_history_geom ON onemap.camera_history USING gist (geom);

CREATE INDEX ix_camera_history_id ON onemap.camera_history (id, sys_to);

CREATE INDEX ix_camera_history_sys ON onemap.camera_history (sys_to, sys_from);

CREATE TABLE onemap.change_log (
  seq BIGINT GENERATED ALWAYS AS IDENTITY, 
  xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
  layer TEXT NOT NULL, 
  op TEXT NOT NULL, 
  fid BIGINT, 
  key TEXT, 
  h3 BIGINT, 
  west DOUBLE PRECISION, 
  south DOUBLE PRECISION, 
  east DOUBLE PRECISION, 
  north DOUBLE PRECISION, 
  note JSONB
)
 PARTITION BY RANGE (at);

CREATE INDEX ix_change_log_layer ON onemap.change_log (layer, xid);

CREATE INDEX ix_change_log_position ON onemap.change_log (xid, seq);

CREATE TABLE onemap.city (
  id INTEGER DEFAULT 1 NOT NULL, 
  name TEXT NOT NULL, 
  name_en TEXT DEFAULT '' NOT NULL, 
  bounds DOUBLE PRECISION[] NOT NULL, 
  center DOUBLE PRECISION[] NOT NULL, 
  zoom DOUBLE PRECISION NOT NULL, 
  edition TEXT DEFAULT '' NOT NULL, 
  demo BOOLEAN DEFAULT false NOT NULL, 
  CONSTRAINT pk_city PRIMARY KEY (id)
);

CREATE TABLE onemap.consumer (
  name TEXT NOT NULL, 
  xid xid8 NOT NULL, 
  seq BIGINT NOT NULL, 
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  CONSTRAINT pk_consumer PRIMARY KEY (name)
);

CREATE TABLE onemap.contour (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTILINESTRING,4326) NOT NULL, 
  geom_3857 geometry(MULTILINESTRING,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  elevation_m DOUBLE PRECISION, 
  index BOOLEAN, 
  CONSTRAINT pk_contour PRIMARY KEY (id), 
  CONSTRAINT uq_contour_key UNIQUE (key)
);

CREATE INDEX ix_contour_geom ON onemap.contour USING gist (geom);

CREATE INDEX ix_contour_geom_3857 ON onemap.contour USING gist (geom_3857);

CREATE INDEX ix_contour_h3 ON onemap.contour (h3);

CREATE TABLE onemap.contour_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTILINESTRING,4326) NOT NULL, 
  geom_3857 geometry(MULTILINESTRING,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  elevation_m DOUBLE PRECISION, 
  index BOOLEAN
);

CREATE INDEX ix_contour_history_geom ON onemap.contour_history USING gist (geom);

CREATE INDEX ix_contour_history_id ON onemap.contour_history (id, sys_to);

CREATE INDEX ix_contour_history_sys ON onemap.contour_history (sys_to, sys_from);

CREATE TABLE onemap.datastream (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  sensor_key TEXT NOT NULL, 
  property TEXT NOT NULL, 
  name TEXT NOT NULL, 
  unit TEXT NOT NULL, 
  last_value DOUBLE PRECISION, 
  last_at TIMESTAMP WITH TIME ZONE, 
  CONSTRAINT pk_datastream PRIMARY KEY (id), 
  CONSTRAINT uq_datastream_key UNIQUE (key)
);

CREATE INDEX ix_datastream_sensor_key ON onemap.datastream (sensor_key);

CREATE TABLE onemap.feed_state (
  feed TEXT NOT NULL, 
  last_at TIMESTAMP WITH TIME ZONE, 
  last_source_at TIMESTAMP WITH TIME ZONE, 
  received BIGINT DEFAULT 0 NOT NULL, 
  stored BIGINT DEFAULT 0 NOT NULL, 
  unchanged BIGINT DEFAULT 0 NOT NULL, 
  duplicates BIGINT DEFAULT 0 NOT NULL, 
  quarantined BIGINT DEFAULT 0 NOT NULL, 
  error TEXT, 
  error_at TIMESTAMP WITH TIME ZONE, 
  CONSTRAINT pk_feed_state PRIMARY KEY (feed)
);

CREATE TABLE onemap.fix (
  mover_id BIGINT NOT NULL, 
  at TIMESTAMP WITH TIME ZONE NOT NULL, 
  geom geometry(POINTZ,4326) NOT NULL, 
  h3 BIGINT NOT NULL, 
  heading_deg DOUBLE PRECISION, 
  speed_mps DOUBLE PRECISION, 
  accuracy_m DOUBLE PRECISION, 
  battery_pct DOUBLE PRECISION, 
  received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  raw_id BIGINT, 
  CONSTRAINT pk_fix PRIMARY KEY (mover_id, at)
)
 PARTITION BY RANGE (at);

CREATE INDEX ix_fix_geom ON onemap.fix USING gist (geom);

CREATE TABLE onemap.geofence (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  name TEXT, 
  team_key TEXT, 
  kind TEXT, 
  CONSTRAINT pk_geofence PRIMARY KEY (id), 
  CONSTRAINT uq_geofence_key UNIQUE (key)
);

CREATE INDEX ix_geofence_geom ON onemap.geofence USING gist (geom);

CREATE INDEX ix_geofence_geom_3857 ON onemap.geofence USING gist (geom_3857);

CREATE INDEX ix_geofence_h3 ON onemap.geofence (h3);

CREATE TABLE onemap.geofence_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  name TEXT, 
  team_key TEXT, 
  kind TEXT
);

CREATE INDEX ix_geofence_history_geom ON onemap.geofence_history USING gist (geom);

CREATE INDEX ix_geofence_history_id ON onemap.geofence_history (id, sys_to);

CREATE INDEX ix_geofence_history_sys ON onemap.geofence_history (sys_to, sys_from);

CREATE TABLE onemap.grid (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  edition TEXT, 
  code TEXT, 
  name TEXT, 
  community_code TEXT, 
  kind TEXT, 
  valid_from TIMESTAMP WITH TIME ZONE, 
  valid_to TIMESTAMP WITH TIME ZONE, 
  team_key TEXT, 
  area_m2 DOUBLE PRECISION, 
  CONSTRAINT pk_grid PRIMARY KEY (id), 
  CONSTRAINT uq_grid_key UNIQUE (key)
);

CREATE INDEX ix_grid_geom ON onemap.grid USING gist (geom);

CREATE INDEX ix_grid_geom_3857 ON onemap.grid USING gist (geom_3857);

CREATE INDEX ix_grid_h3 ON onemap.grid (h3);

CREATE TABLE onemap.grid_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  edition TEXT, 
  code TEXT, 
  name TEXT, 
  community_code TEXT, 
  kind TEXT, 
  valid_from TIMESTAMP WITH TIME ZONE, 
  valid_to TIMESTAMP WITH TIME ZONE, 
  team_key TEXT, 
  area_m2 DOUBLE PRECISION
);

CREATE INDEX ix_grid_history_geom ON onemap.grid_history USING gist (geom);

CREATE INDEX ix_grid_history_id ON onemap.grid_history (id, sys_to);

CREATE INDEX ix_grid_history_sys ON onemap.grid_history (sys_to, sys_from);

CREATE TABLE onemap.hazard (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  name TEXT, 
  kind TEXT, 
  level SMALLINT, 
  households INTEGER, 
  residents INTEGER, 
  contact_role TEXT, 
  slope_deg DOUBLE PRECISION, 
  grid_code TEXT, 
  status TEXT, 
  CONSTRAINT pk_hazard PRIMARY KEY (id), 
  CONSTRAINT uq_hazard_key UNIQUE (key)
);

CREATE INDEX ix_hazard_geom ON onemap.hazard USING gist (geom);

CREATE INDEX ix_hazard_geom_3857 ON onemap.hazard USING gist (geom_3857);

CREATE INDEX ix_hazard_h3 ON onemap.hazard (h3);

CREATE TABLE onemap.hazard_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  name TEXT, 
  kind TEXT, 
  level SMALLINT, 
  households INTEGER, 
  residents INTEGER, 
  contact_role TEXT, 
  slope_deg DOUBLE PRECISION, 
  grid_code TEXT, 
  status TEXT
);

CREATE INDEX ix_hazard_history_geom ON onemap.hazard_history USING gist (geom);

CREATE INDEX ix_hazard_history_id ON onemap.hazard_history (id, sys_to);

CREATE INDEX ix_hazard_history_sys ON onemap.hazard_history (sys_to, sys_from);

CREATE TABLE onemap.hazard_zone (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  hazard_key TEXT, 
  name TEXT, 
  CONSTRAINT pk_hazard_zone PRIMARY KEY (id), 
  CONSTRAINT uq_hazard_zone_key UNIQUE (key)
);

CREATE INDEX ix_hazard_zone_geom ON onemap.hazard_zone USING gist (geom);

CREATE INDEX ix_hazard_zone_geom_3857 ON onemap.hazard_zone USING gist (geom_3857);

CREATE INDEX ix_hazard_zone_h3 ON onemap.hazard_zone (h3);

CREATE TABLE onemap.hazard_zone_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  hazard_key TEXT, 
  name TEXT
);

CREATE INDEX ix_hazard_zone_history_geom ON onemap.hazard_zone_history USING gist (geom);

CREATE INDEX ix_hazard_zone_history_id ON onemap.hazard_zone_history (id, sys_to);

CREATE INDEX ix_hazard_zone_history_sys ON onemap.hazard_zone_history (sys_to, sys_from);

CREATE TABLE onemap.heat_event (
  surface TEXT NOT NULL, 
  fid BIGINT NOT NULL, 
  cell BIGINT NOT NULL, 
  hour TIMESTAMP WITH TIME ZONE NOT NULL, 
  category TEXT NOT NULL, 
  n INTEGER NOT NULL, 
  CONSTRAINT pk_heat_event PRIMARY KEY (surface, fid)
);

CREATE TABLE onemap.heat_rollup (
  surface TEXT NOT NULL, 
  res SMALLINT NOT NULL, 
  hour TIMESTAMP WITH TIME ZONE NOT NULL, 
  cell BIGINT NOT NULL, 
  category TEXT NOT NULL, 
  n INTEGER NOT NULL, 
  CONSTRAINT pk_heat_rollup PRIMARY KEY (surface, res, cell, hour, category)
);

CREATE INDEX ix_heat_rollup_hour ON onemap.heat_rollup (surface, res, hour);

CREATE TABLE onemap.incident (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  kind TEXT, 
  code TEXT, 
  catalogue TEXT, 
  title TEXT, 
  severity SMALLINT, 
  source TEXT, 
  status TEXT, 
  occurred_at TIMESTAMP WITH TIME ZONE, 
  reported_at TIMESTAMP WITH TIME ZONE, 
  dispatched_at TIMESTAMP WITH TIME ZONE, 
  on_site_at TIMESTAMP WITH TIME ZONE, 
  resolved_at TIMESTAMP WITH TIME ZONE, 
  closed_at TIMESTAMP WITH TIME ZONE, 
  due_on_site_at TIMESTAMP WITH TIME ZONE, 
  due_resolved_at TIMESTAMP WITH TIME ZONE, 
  due_followup_at TIMESTAMP WITH TIME ZONE, 
  grid_code TEXT, 
  address TEXT, 
  team_key TEXT, 
  CONSTRAINT pk_incident PRIMARY KEY (id), 
  CONSTRAINT uq_incident_key UNIQUE (key)
);

CREATE INDEX ix_incident_geom ON onemap.incident USING gist (geom);

CREATE INDEX ix_incident_geom_3857 ON onemap.incident USING gist (geom_3857);

CREATE INDEX ix_incident_h3 ON onemap.incident (h3);

CREATE TABLE onemap.incident_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  kind TEXT, 
  code TEXT, 
  catalogue TEXT, 
  title TEXT, 
  severity SMALLINT, 
  source TEXT, 
  status TEXT, 
  occurred_at TIMESTAMP WITH TIME ZONE, 
  reported_at TIMESTAMP WITH TIME ZONE, 
  dispatched_at TIMESTAMP WITH TIME ZONE, 
  on_site_at TIMESTAMP WITH TIME ZONE, 
  resolved_at TIMESTAMP WITH TIME ZONE, 
  closed_at TIMESTAMP WITH TIME ZONE, 
  due_on_site_at TIMESTAMP WITH TIME ZONE, 
  due_resolved_at TIMESTAMP WITH TIME ZONE, 
  due_followup_at TIMESTAMP WITH TIME ZONE, 
  grid_code TEXT, 
  address TEXT, 
  team_key TEXT
);

CREATE INDEX ix_incident_history_geom ON onemap.incident_history USING gist (geom);

CREATE INDEX ix_incident_history_id ON onemap.incident_history (id, sys_to);

CREATE INDEX ix_incident_history_sys ON onemap.incident_history (sys_to, sys_from);

CREATE TABLE onemap.landuse (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  kind TEXT, 
  name TEXT, 
  CONSTRAINT pk_landuse PRIMARY KEY (id), 
  CONSTRAINT uq_landuse_key UNIQUE (key)
);

CREATE INDEX ix_landuse_geom ON onemap.landuse USING gist (geom);

CREATE INDEX ix_landuse_geom_3857 ON onemap.landuse USING gist (geom_3857);

CREATE INDEX ix_landuse_h3 ON onemap.landuse (h3);

CREATE TABLE onemap.landuse_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  kind TEXT, 
  name TEXT
);

CREATE INDEX ix_landuse_history_geom ON onemap.landuse_history USING gist (geom);

CREATE INDEX ix_landuse_history_id ON onemap.landuse_history (id, sys_to);

CREATE INDEX ix_landuse_history_sys ON onemap.landuse_history (sys_to, sys_from);

CREATE TABLE onemap.mover (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  name TEXT, 
  kind TEXT, 
  team_key TEXT, 
  status TEXT, 
  heading_deg DOUBLE PRECISION, 
  speed_mps DOUBLE PRECISION, 
  altitude_m DOUBLE PRECISION, 
  battery_pct DOUBLE PRECISION, 
  accuracy_m DOUBLE PRECISION, 
  seen_at TIMESTAMP WITH TIME ZONE, 
  CONSTRAINT pk_mover PRIMARY KEY (id), 
  CONSTRAINT uq_mover_key UNIQUE (key)
);

CREATE INDEX ix_mover_geom ON onemap.mover USING gist (geom);

CREATE INDEX ix_mover_geom_3857 ON onemap.mover USING gist (geom_3857);

CREATE INDEX ix_mover_h3 ON onemap.mover (h3);

CREATE TABLE onemap.mover_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  name TEXT, 
  kind TEXT, 
  team_key TEXT, 
  status TEXT, 
  heading_deg DOUBLE PRECISION, 
  speed_mps DOUBLE PRECISION, 
  altitude_m DOUBLE PRECISION, 
  battery_pct DOUBLE PRECISION, 
  accuracy_m DOUBLE PRECISION, 
  seen_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX ix_mover_history_geom ON onemap.mover_history USING gist (geom);

CREATE INDEX ix_mover_history_id ON onemap.mover_history (id, sys_to);

CREATE INDEX ix_mover_history_sys ON onemap.mover_history (sys_to, sys_from);

CREATE TABLE onemap.observation (
  datastream_id BIGINT NOT NULL, 
  at TIMESTAMP WITH TIME ZONE NOT NULL, 
  value DOUBLE PRECISION NOT NULL, 
  received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  raw_id BIGINT, 
  CONSTRAINT pk_observation PRIMARY KEY (datastream_id, at)
)
 PARTITION BY RANGE (at);

CREATE TABLE onemap.place (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  kind TEXT, 
  name TEXT, 
  name_en TEXT, 
  CONSTRAINT pk_place PRIMARY KEY (id), 
  CONSTRAINT uq_place_key UNIQUE (key)
);

CREATE INDEX ix_place_geom ON onemap.place USING gist (geom);

CREATE INDEX ix_place_geom_3857 ON onemap.place USING gist (geom_3857);

CREATE INDEX ix_place_h3 ON onemap.place (h3);

CREATE TABLE onemap.place_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  kind TEXT, 
  name TEXT, 
  name_en TEXT
);

CREATE INDEX ix_place_history_geom ON onemap.place_history USING gist (geom);

CREATE INDEX ix_place_history_id ON onemap.place_history (id, sys_to);

CREATE INDEX ix_place_history_sys ON onemap.place_history (sys_to, sys_from);

CREATE TABLE onemap.raster (
  name TEXT NOT NULL, 
  kind TEXT NOT NULL, 
  path TEXT NOT NULL, 
  bounds geometry(POLYGON,4326) NOT NULL, 
  info JSONB NOT NULL, 
  added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  CONSTRAINT pk_raster PRIMARY KEY (name)
);

CREATE TABLE onemap.raw_record (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  feed TEXT NOT NULL, 
  digest BYTEA NOT NULL, 
  received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  source TEXT NOT NULL, 
  media_type TEXT DEFAULT '' NOT NULL, 
  payload BYTEA NOT NULL, 
  CONSTRAINT pk_raw_record PRIMARY KEY (id), 
  CONSTRAINT uq_raw_record_feed_digest UNIQUE (feed, digest)
);

CREATE INDEX ix_raw_record_received_at ON onemap.raw_record (received_at);

CREATE TABLE onemap.risk_part (
  cell BIGINT NOT NULL, 
  source_layer TEXT NOT NULL, 
  source_key TEXT NOT NULL, 
  kind TEXT NOT NULL, 
  value DOUBLE PRECISION NOT NULL, 
  detail JSONB NOT NULL, 
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  CONSTRAINT pk_risk_part PRIMARY KEY (cell, source_layer, source_key, kind)
);

CREATE INDEX ix_risk_part_source ON onemap.risk_part (source_layer, source_key);

CREATE TABLE onemap.road (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTILINESTRING,4326) NOT NULL, 
  geom_3857 geometry(MULTILINESTRING,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  class TEXT, 
  name TEXT, 
  name_en TEXT, 
  bridge BOOLEAN, 
  CONSTRAINT pk_road PRIMARY KEY (id), 
  CONSTRAINT uq_road_key UNIQUE (key)
);

CREATE INDEX ix_road_geom ON onemap.road USING gist (geom);

CREATE INDEX ix_road_geom_3857 ON onemap.road USING gist (geom_3857);

CREATE INDEX ix_road_h3 ON onemap.road (h3);

CREATE TABLE onemap.road_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTILINESTRING,4326) NOT NULL, 
  geom_3857 geometry(MULTILINESTRING,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  class TEXT, 
  name TEXT, 
  name_en TEXT, 
  bridge BOOLEAN
);

CREATE INDEX ix_road_history_geom ON onemap.road_history USING gist (geom);

CREATE INDEX ix_road_history_id ON onemap.road_history (id, sys_to);

CREATE INDEX ix_road_history_sys ON onemap.road_history (sys_to, sys_from);

CREATE TABLE onemap.sensor (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  name TEXT, 
  kind TEXT, 
  hazard_key TEXT, 
  status TEXT, 
  last_value DOUBLE PRECISION, 
  last_unit TEXT, 
  last_at TIMESTAMP WITH TIME ZONE, 
  CONSTRAINT pk_sensor PRIMARY KEY (id), 
  CONSTRAINT uq_sensor_key UNIQUE (key)
);

CREATE INDEX ix_sensor_geom ON onemap.sensor USING gist (geom);

CREATE INDEX ix_sensor_geom_3857 ON onemap.sensor USING gist (geom_3857);

CREATE INDEX ix_sensor_h3 ON onemap.sensor (h3);

CREATE TABLE onemap.sensor_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  name TEXT, 
  kind TEXT, 
  hazard_key TEXT, 
  status TEXT, 
  last_value DOUBLE PRECISION, 
  last_unit TEXT, 
  last_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX ix_sensor_history_geom ON onemap.sensor_history USING gist (geom);

CREATE INDEX ix_sensor_history_id ON onemap.sensor_history (id, sys_to);

CREATE INDEX ix_sensor_history_sys ON onemap.sensor_history (sys_to, sys_from);

CREATE TABLE onemap.team (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  name TEXT, 
  kind TEXT, 
  status TEXT, 
  members INTEGER, 
  grid_code TEXT, 
  parent_key TEXT, 
  CONSTRAINT pk_team PRIMARY KEY (id), 
  CONSTRAINT uq_team_key UNIQUE (key)
);

CREATE INDEX ix_team_geom ON onemap.team USING gist (geom);

CREATE INDEX ix_team_geom_3857 ON onemap.team USING gist (geom_3857);

CREATE INDEX ix_team_h3 ON onemap.team (h3);

CREATE TABLE onemap.team_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(POINT,4326) NOT NULL, 
  geom_3857 geometry(POINT,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  name TEXT, 
  kind TEXT, 
  status TEXT, 
  members INTEGER, 
  grid_code TEXT, 
  parent_key TEXT
);

CREATE INDEX ix_team_history_geom ON onemap.team_history USING gist (geom);

CREATE INDEX ix_team_history_id ON onemap.team_history (id, sys_to);

CREATE INDEX ix_team_history_sys ON onemap.team_history (sys_to, sys_from);

CREATE TABLE onemap.threshold (
  key TEXT NOT NULL, 
  datastream_key TEXT NOT NULL, 
  hazard_key TEXT NOT NULL, 
  level SMALLINT NOT NULL, 
  op TEXT DEFAULT '>=' NOT NULL, 
  enter DOUBLE PRECISION NOT NULL, 
  leave DOUBLE PRECISION NOT NULL, 
  hold_s DOUBLE PRECISION DEFAULT 0 NOT NULL, 
  CONSTRAINT pk_threshold PRIMARY KEY (key)
);

CREATE INDEX ix_threshold_datastream_key ON onemap.threshold (datastream_key);

CREATE TABLE onemap.threshold_state (
  threshold_key TEXT NOT NULL, 
  last_at TIMESTAMP WITH TIME ZONE NOT NULL, 
  last_value DOUBLE PRECISION NOT NULL, 
  since TIMESTAMP WITH TIME ZONE, 
  raised BOOLEAN DEFAULT false NOT NULL, 
  CONSTRAINT pk_threshold_state PRIMARY KEY (threshold_key)
);

CREATE TABLE onemap.track (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(LINESTRINGZM,4326) NOT NULL, 
  geom_3857 geometry(LINESTRINGZM,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  mover_key TEXT, 
  name TEXT, 
  started_at TIMESTAMP WITH TIME ZONE, 
  ended_at TIMESTAMP WITH TIME ZONE, 
  length_m DOUBLE PRECISION, 
  CONSTRAINT pk_track PRIMARY KEY (id), 
  CONSTRAINT uq_track_key UNIQUE (key)
);

CREATE INDEX ix_track_geom ON onemap.track USING gist (geom);

CREATE INDEX ix_track_geom_3857 ON onemap.track USING gist (geom_3857);

CREATE INDEX ix_track_h3 ON onemap.track (h3);

CREATE TABLE onemap.track_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(LINESTRINGZM,4326) NOT NULL, 
  geom_3857 geometry(LINESTRINGZM,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  mover_key TEXT, 
  name TEXT, 
  started_at TIMESTAMP WITH TIME ZONE, 
  ended_at TIMESTAMP WITH TIME ZONE, 
  length_m DOUBLE PRECISION
);

CREATE INDEX ix_track_history_geom ON onemap.track_history USING gist (geom);

CREATE INDEX ix_track_history_id ON onemap.track_history (id, sys_to);

CREATE INDEX ix_track_history_sys ON onemap.track_history (sys_to, sys_from);

CREATE TABLE onemap.warning (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  hazard_key TEXT, 
  level SMALLINT, 
  state TEXT, 
  title TEXT, 
  cause JSONB, 
  raised_at TIMESTAMP WITH TIME ZONE, 
  changed_at TIMESTAMP WITH TIME ZONE, 
  ended_at TIMESTAMP WITH TIME ZONE, 
  drill BOOLEAN, 
  households INTEGER, 
  residents INTEGER, 
  CONSTRAINT pk_warning PRIMARY KEY (id), 
  CONSTRAINT uq_warning_key UNIQUE (key)
);

CREATE INDEX ix_warning_geom ON onemap.warning USING gist (geom);

CREATE INDEX ix_warning_geom_3857 ON onemap.warning USING gist (geom_3857);

CREATE INDEX ix_warning_h3 ON onemap.warning (h3);

CREATE TABLE onemap.warning_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  hazard_key TEXT, 
  level SMALLINT, 
  state TEXT, 
  title TEXT, 
  cause JSONB, 
  raised_at TIMESTAMP WITH TIME ZONE, 
  changed_at TIMESTAMP WITH TIME ZONE, 
  ended_at TIMESTAMP WITH TIME ZONE, 
  drill BOOLEAN, 
  households INTEGER, 
  residents INTEGER
);

CREATE INDEX ix_warning_history_geom ON onemap.warning_history USING gist (geom);

CREATE INDEX ix_warning_history_id ON onemap.warning_history (id, sys_to);

CREATE INDEX ix_warning_history_sys ON onemap.warning_history (sys_to, sys_from);

CREATE TABLE onemap.water (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  key TEXT NOT NULL, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857) GENERATED ALWAYS AS (st_transform(geom, 3857)) STORED, 
  h3 BIGINT NOT NULL, 
  feed TEXT DEFAULT 'manual' NOT NULL, 
  datum TEXT DEFAULT 'WGS-84' NOT NULL, 
  sys_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  changed_by TEXT DEFAULT coalesce(nullif(current_setting('onemap.actor', true), ''), current_user) NOT NULL, 
  kind TEXT, 
  name TEXT, 
  name_en TEXT, 
  CONSTRAINT pk_water PRIMARY KEY (id), 
  CONSTRAINT uq_water_key UNIQUE (key)
);

CREATE INDEX ix_water_geom ON onemap.water USING gist (geom);

CREATE INDEX ix_water_geom_3857 ON onemap.water USING gist (geom_3857);

CREATE INDEX ix_water_h3 ON onemap.water (h3);

CREATE TABLE onemap.water_history (
  sys_to TIMESTAMP WITH TIME ZONE NOT NULL, 
  sys_op TEXT NOT NULL, 
  sys_by TEXT NOT NULL, 
  id BIGINT, 
  key TEXT, 
  geom geometry(MULTIPOLYGON,4326) NOT NULL, 
  geom_3857 geometry(MULTIPOLYGON,3857), 
  h3 BIGINT, 
  feed TEXT, 
  datum TEXT, 
  sys_from TIMESTAMP WITH TIME ZONE, 
  changed_by TEXT, 
  kind TEXT, 
  name TEXT, 
  name_en TEXT
);

CREATE INDEX ix_water_history_geom ON onemap.water_history USING gist (geom);

CREATE INDEX ix_water_history_id ON onemap.water_history (id, sys_to);

CREATE INDEX ix_water_history_sys ON onemap.water_history (sys_to, sys_from);

CREATE TABLE onemap.webhook (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  url TEXT NOT NULL, 
  secret TEXT NOT NULL, 
  team_key TEXT, 
  enabled BOOLEAN DEFAULT true NOT NULL, 
  CONSTRAINT pk_webhook PRIMARY KEY (id), 
  CONSTRAINT uq_webhook_url UNIQUE (url)
);

CREATE TABLE onemap.alert_event (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  warning_key TEXT NOT NULL, 
  alert_id BIGINT, 
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  kind TEXT NOT NULL, 
  actor TEXT NOT NULL, 
  text_zh TEXT DEFAULT '' NOT NULL, 
  text_en TEXT DEFAULT '' NOT NULL, 
  attachment TEXT, 
  CONSTRAINT pk_alert_event PRIMARY KEY (id), 
  CONSTRAINT fk_alert_event_alert_id FOREIGN KEY(alert_id) REFERENCES onemap.alert (id)
);

CREATE INDEX ix_alert_event_warning_key ON onemap.alert_event (warning_key);

CREATE TABLE onemap.delivery (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  alert_id BIGINT NOT NULL, 
  channel TEXT NOT NULL, 
  webhook_id BIGINT, 
  idempotency_key TEXT NOT NULL, 
  state TEXT DEFAULT 'queued' NOT NULL, 
  attempts INTEGER DEFAULT 0 NOT NULL, 
  next_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  delivered_at TIMESTAMP WITH TIME ZONE, 
  error TEXT, 
  CONSTRAINT pk_delivery PRIMARY KEY (id), 
  CONSTRAINT fk_delivery_alert_id FOREIGN KEY(alert_id) REFERENCES onemap.alert (id), 
  CONSTRAINT fk_delivery_webhook_id FOREIGN KEY(webhook_id) REFERENCES onemap.webhook (id), 
  CONSTRAINT uq_delivery_idempotency_key UNIQUE (idempotency_key)
);

CREATE INDEX ix_delivery_due ON onemap.delivery (next_at) WHERE state = 'queued';

CREATE TABLE onemap.quarantine (
  id BIGINT GENERATED ALWAYS AS IDENTITY, 
  feed TEXT NOT NULL, 
  raw_id BIGINT NOT NULL, 
  position TEXT DEFAULT '' NOT NULL, 
  reason TEXT NOT NULL, 
  message TEXT NOT NULL, 
  record JSONB, 
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  replayed_at TIMESTAMP WITH TIME ZONE, 
  CONSTRAINT pk_quarantine PRIMARY KEY (id), 
  CONSTRAINT uq_quarantine_raw_id_position_reason UNIQUE (raw_id, position, reason), 
  CONSTRAINT fk_quarantine_raw_id FOREIGN KEY(raw_id) REFERENCES onemap.raw_record (id)
);

CREATE INDEX ix_quarantine_feed ON onemap.quarantine (feed, at);

CREATE TABLE onemap.session (
  token_hash BYTEA NOT NULL, 
  login TEXT NOT NULL, 
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
  CONSTRAINT pk_session PRIMARY KEY (token_hash), 
  CONSTRAINT fk_session_login FOREIGN KEY(login) REFERENCES onemap.account (login) ON DELETE CASCADE
);

CREATE TABLE onemap.change_log_default PARTITION OF onemap.change_log DEFAULT;
