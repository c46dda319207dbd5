"""A coverage whose faces share their borders: a gap or an overlap has no way to be written down."""
