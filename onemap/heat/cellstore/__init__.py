"""The same counts past one machine: one question, three stores that answer it with the same bytes.

PostgreSQL holds the truth (`heat_event`). Parquet files and ClickHouse keep signed differences of it, fed from the
change rows with the position in the same commit, so that deletes and late records are rows like any other.
"""
