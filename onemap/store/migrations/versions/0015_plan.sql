-- Plans and their edits.
SELECT 1;
