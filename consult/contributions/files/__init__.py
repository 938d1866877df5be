"""What is done with the bytes of a file before it is kept: what it is by its content, what refuses it, what it tells of people, its words.

Reading hostile bytes is the point of this folder: it knows no database, and runs in a process of its own
(:mod:`consult.core.confinement`).
"""

from consult.contributions.files.reading import LARGEST, Inspected, inspect_apart, shown_name, words_apart

__all__ = ["LARGEST", "Inspected", "inspect_apart", "shown_name", "words_apart"]
