"""Pages that cost more the more is said, and what is wrong with each: a list that may only become shorter."""

CAUSES = {
    "earlier": "what stood on an earlier version is counted by passage, and ranked on those that the page begins with",
    "rare": "what a filter leaves out is read on the way to what it keeps",
    "up-to-thirty": "an item shows thirty references at most, and most items have fewer while little was said",
    "accounts": "PostgreSQL rather reads two thousand accounts whole than twenty-five by their keys",
    "newest-lines": "PostgreSQL reads more than the three newest lines beside a passage where more was said",
    "unanswered": "PostgreSQL reads past what is answered on the way to the first that are not",
    "partial": "PostgreSQL reads more of what has some of the words than is ranked, where one of them stands nowhere",
    "folds": "PostgreSQL reads more of the counts of folds, where more of a page's contributions are in one",
    "choices": "PostgreSQL rather reads all that people put right in folds than what they did of one person's contributions",
    "organisations": "what the organisations of one page said is counted from their contributions, of which each has few",
    "split": "counts by passage, of which there are more as more is said, are asked for with what people split: one question, judged as "
             "reading what grows",
    "amendments": "PostgreSQL rather reads all new wordings whole than those of one passage by their keys",
}
# Behind "on", both or one of the databases and the causes; below them the pages.
TABLE = """
on both: earlier
visitor /chapters/{number}/revisions/fr/1
on both: rare
visitor /contributions/?chapter={number}&category=trade_union&language_of=ar&comment_type=editorial
on both: rare
rapporteur /synthesis/workbench/{number}?answer=undecided
rapporteur /synthesis/workbench/{number}?answer=undecided&category=trade_union&language_of=ar
on postgresql: rare
rapporteur /synthesis/workbench/{number}?answer=unanswered&position=opposed&category=own_name
on postgresql: accounts
rapporteur /synthesis/workbench/{number}
chair /synthesis/workbench/{number}
secretariat /synthesis/workbench/{number}
rapporteur /synthesis/workbench/{number}?answer=all
rapporteur /synthesis/workbench/{number}?answer=all&after={place}
rapporteur /synthesis/workbench/{number}?answer=all&block={key}
rapporteur /synthesis/workbench/{number}?answer=answered&after={place}
on postgresql: accounts folds
rapporteur /synthesis/workbench/{number}?answer=all&repeated=1
on postgresql: partial
visitor /search/?q=indicateru+absent
on postgresql: choices
participant /privacy/forget
on postgresql: newest-lines
visitor /chapters/{number}
participant /chapters/{number}
rapporteur /chapters/{number}
secretariat /chapters/{number}
on postgresql: unanswered
rapporteur /synthesis/overview/{number}
chair /synthesis/overview/{number}
secretariat /synthesis/overview/{number}
on postgresql: amendments
visitor /chapters/{number}/provisions/{key}?said=amendments
on postgresql: rare
secretariat /moderation/
secretariat /moderation/{waiting}
on both: organisations
rapporteur /synthesis/positions/{number}?category=laboratory
on sqlite: split
visitor /
participant /
rapporteur /
secretariat /
secretariat /consultations/dashboard
administrator /consultations/dashboard
rapporteur /synthesis/positions/{number}
chair /synthesis/positions/{number}
secretariat /synthesis/positions/{number}
rapporteur /synthesis/workbench/{number}
chair /synthesis/workbench/{number}
secretariat /synthesis/workbench/{number}
rapporteur /synthesis/workbench/{number}?answer=all
rapporteur /synthesis/workbench/{number}?answer=all&after={place}
rapporteur /synthesis/workbench/{number}?answer=answered&after={place}
rapporteur /synthesis/workbench/{number}?answer=all&repeated=1
rapporteur /synthesis/overview/{number}
chair /synthesis/overview/{number}
secretariat /synthesis/overview/{number}
rapporteur /synthesis/edit-item/{item}
rapporteur /synthesis/edit-item/{item}?after={later}
rapporteur /synthesis/account/{number}
chair /synthesis/account/{number}
secretariat /synthesis/account/{number}
rapporteur /synthesis/account/{number}?since={ref}
rapporteur /synthesis/split/{ref}
on both: up-to-thirty
rapporteur /synthesis/read/{number}
visitor /synthesis/read/{public}
"""


def costly(kind: str) -> dict[str, list[str]]:
    """The causes of each visit that is known to be so on a kind of database."""
    found, causes = {}, []
    for line in TABLE.strip().splitlines():
        if line.startswith("on "):
            where, _colon, words = line.removeprefix("on ").partition(": ")
            causes = words.split() if where in ("both", kind) else []
        elif causes:
            found[line] = causes
    return found
