-- Editions, their periods and lineage, review and publication.
SELECT 1;
