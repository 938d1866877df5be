"""Exports, the sealed submission to the Council, and its decision."""
