"""Texts written by somebody who wants a script to run: where each may stand, in which signs, and what a browser makes of it."""
