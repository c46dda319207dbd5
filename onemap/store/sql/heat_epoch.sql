-- Everything was counted anew, by this rule: changes kept so far mean nothing any more.
INSERT INTO onemap.heat_state (surface, version, epoch) VALUES (%(surface)s, %(version)s, 1)
ON CONFLICT (surface) DO UPDATE SET version = excluded.version, epoch = heat_state.epoch + 1
