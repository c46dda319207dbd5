"""What comes in: transports, formats, feeds, checks, the pipeline that stores them, and the import of files."""
