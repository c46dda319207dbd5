-- The running drill, if there is one; passed over while another worker moves it.
SELECT key, scenario, title_zh, title_en, state, started_at, started_by, ended_at, speed, length_s, note, position, steps,
       readings, claims, score
FROM onemap.drill WHERE state = 'running'
FOR UPDATE SKIP LOCKED
