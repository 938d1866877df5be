"""How it all leaves: the traceability matrix, tables, documents and open data."""
