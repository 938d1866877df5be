"""The sealed submission to the Council, and its decision."""
