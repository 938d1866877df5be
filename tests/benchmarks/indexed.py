"""The index of the search, by bulk inserts: what everybody reads of a filled database, as the acts would have kept it."""

from collections.abc import Iterable

import sqlalchemy as sa

from consult.core.db import session
from consult.core.finding import Passage
from consult.search.models import SearchKey, SearchPosting, SearchWord
from consult.search.service.indexing import count_words, weigh
from consult.text.searching import keys_of, near_keys_of
from tests.benchmarks.bulk import Bulk


class Indexed:
    """What a filling adds to the index."""

    def __init__(self, bulk: Bulk) -> None:
        self.bulk, self.known = bulk, set(session.scalars(sa.select(SearchWord.word)))

    def add(self, kind: str, subject_id: int, texts: Iterable[str]) -> None:
        counted, written = count_words(map(Passage, texts))
        for word, times in counted.items():
            self.bulk.add(SearchPosting, word=word, kind=kind, subject_id=subject_id, weight=weigh(times, counted.total()))
            if word not in self.known:
                self.known.add(word)
                self.bulk.add(SearchWord, word=word, written=written[word])
                for key in dict.fromkeys([*keys_of(word), *near_keys_of(word)]):
                    self.bulk.add(SearchKey, key=key, word=word)
