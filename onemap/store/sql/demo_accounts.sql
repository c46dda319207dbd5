-- The accounts that a demo's sign-in page offers: one of each role.
SELECT login, title, role FROM onemap.account
WHERE enabled
  AND (login = role OR login = (SELECT min(login) FROM onemap.account WHERE role = 'team' AND enabled))
ORDER BY array_position(ARRAY['command', 'team', 'planner', 'operator', 'viewer'], role), login
