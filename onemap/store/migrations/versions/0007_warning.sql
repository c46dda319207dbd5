ALTER TABLE onemap.warning
  ADD COLUMN subject TEXT,
  ADD COLUMN kind TEXT,
  ADD COLUMN source TEXT,
  ADD COLUMN rule_key TEXT,
  ADD COLUMN end_reason TEXT,
  ADD COLUMN onset_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN valid_until TIMESTAMP WITH TIME ZONE,
  ADD COLUMN actions TEXT,
  ADD COLUMN episode TEXT,
  ADD COLUMN identifier TEXT,
  ADD COLUMN calling TEXT,
  ADD COLUMN residents_waiting INTEGER,
  ADD COLUMN drill_key TEXT;

ALTER TABLE onemap.warning_history
  ADD COLUMN subject TEXT,
  ADD COLUMN kind TEXT,
  ADD COLUMN source TEXT,
  ADD COLUMN rule_key TEXT,
  ADD COLUMN end_reason TEXT,
  ADD COLUMN onset_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN valid_until TIMESTAMP WITH TIME ZONE,
  ADD COLUMN actions TEXT,
  ADD COLUMN episode TEXT,
  ADD COLUMN identifier TEXT,
  ADD COLUMN calling TEXT,
  ADD COLUMN residents_waiting INTEGER,
  ADD COLUMN drill_key TEXT;

UPDATE onemap.warning
SET subject = 'hazard:' || coalesce(hazard_key, ''), kind = 'geohazard', source = 'threshold', calling = 'none'
WHERE subject IS NULL;

ALTER TABLE onemap.alert
  ADD COLUMN origin TEXT DEFAULT 'fence' NOT NULL,
  ADD COLUMN declined_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN answer_due_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN second_due_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN second_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN report_due_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN drill BOOLEAN DEFAULT false NOT NULL;
