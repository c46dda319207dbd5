"""Heat: H3 surfaces kept up to date from the change log, each cell able to say what it is made of."""
