"""Search: what everybody reads is indexed, asked for, found and shown."""

from consult.search.service.asking import Asked, SearchFilter, Sort, get_asked
from consult.search.service.indexing import list_findables, put_in, renew, see_to_missing
from consult.search.service.matching import Near
from consult.search.service.searching import MOST_FOUND, Found, Results, search

__all__ = ["Asked", "Found", "MOST_FOUND", "Near", "Results", "SearchFilter", "Sort", "get_asked", "list_findables", "put_in", "renew",
           "search", "see_to_missing"]
