"""Checked records into their tables, one file a kind of record; all inside the pipeline's one transaction."""
