-- Proposals.
SELECT 1;
