"""Pages that cost more the more is said, and what is wrong with each: a list that may only become shorter."""

CAUSES = {
    "figures": "contributions, people and organisations are counted for the home page",
    "answered": "contributions with an answer that everybody reads are counted",
    "margin": "the lines of the margin are chosen among all contributions of the chapter",
    "left": "contributions that stay on an earlier version are counted by passage",
    "passage-figures": "contributions and amendments of a passage are counted",
    "passage-items": "items of a passage are sought in all that is gathered",
    "passage-list": "all contributions of a passage are sorted for one page of them",
    "mine-items": "contributions of some items are counted",
    "item-order": "items stand where their contributions do: all that is gathered is read",
    "progress": "contributions of a chapter are counted by state and answer",
    "passages": "contributions are counted by passage, for the choice of one",
    "total": "what a filter holds is counted",
    "bench-list": "all that a filter holds is sorted for one page of it",
    "all-gathered": "every contribution of every item is read",
    "unanswered": "the first unanswered ones are sought among all",
    "states": "contributions are counted by state",
    "impact": "contributions are counted by passage",
    "anchor-counts": "places are counted by what became of them",
    "anchor-list": "all places of a filter are sorted for one page of them",
    "item-list": "all contributions of an item are sorted for one page of them",
    "revisions": "the revision of each passage is asked for by itself",
    "last-acts": "the last act of each person is sought in the whole journal",
    "register": "the newest decisions are sought by sorting all",
    "unanswered-counts": "contributions without an answer are counted",
    "categories": "categories that have spoken are sought in all contributions",
    "open-data": "published contributions are counted",
    "rare": "what a filter leaves out is read on the way to what it keeps",
    "questions": "more than twelve questions",
}
# Behind "on", both or one of the databases and the causes; below them the pages.
TABLE = """
on both: answered figures
visitor /
participant /
rapporteur /
secretariat /
on both: left margin
visitor /chapters/{number}
on both: left margin questions
participant /chapters/{number}
rapporteur /chapters/{number}
secretariat /chapters/{number}
on both: passage-figures passage-items
visitor /chapters/{number}/provisions/{key}
rapporteur /chapters/{number}/provisions/{key}
visitor /chapters/{number}/provisions/{key}?after={later}
on both: passage-figures passage-items passage-list
visitor /chapters/{number}/provisions/{key}?said=amendments
on both: margin
visitor /chapters/{number}/revisions/fr/1
on both: impact
rapporteur /chapters/{number}/working-draft/fr
on both: impact questions
chair /chapters/{number}/working-draft/fr
on both: rare
visitor /contributions/?chapter={number}&category=trade_union&language_of=ar&comment_type=editorial
on both: passage-list
visitor /contributions/discussion/{number}/{key}
participant /contributions/discussion/{number}/{key}
rapporteur /contributions/discussion/{number}/{key}
on both: mine-items
participant /contributions/mine
on sqlite: mine-items
participant /contributions/mine?after={later}
on both: anchor-counts anchor-list
rapporteur /contributions/anchors/{number}
secretariat /contributions/anchors/{number}
rapporteur /contributions/anchors/{number}?state=confirmed
rapporteur /contributions/anchors/{number}?state=confirmed&class=changed&text=ar
rapporteur /contributions/anchors/{number}?state=confirmed&after={placed}
on both: states
rapporteur /moderation/
chair /moderation/
secretariat /moderation/?state=published
secretariat /moderation/?state=published&after={later}
rapporteur /moderation/?chapter={number}&state=withheld
on both: rare states
secretariat /moderation/
rapporteur /moderation/{waiting}
secretariat /moderation/{waiting}
rapporteur /moderation/{ref}?state=published
on sqlite: register
visitor /moderation/register
secretariat /moderation/register
visitor /moderation/register?chapter={number}
on both: bench-list item-order passages progress questions revisions total
rapporteur /synthesis/workbench/{number}
chair /synthesis/workbench/{number}
secretariat /synthesis/workbench/{number}
rapporteur /synthesis/workbench/{number}?answer=all
rapporteur /synthesis/workbench/{number}?answer=all&after={place}
rapporteur /synthesis/workbench/{number}?answer=all&block={key}
rapporteur /synthesis/workbench/{number}?answer=undecided
rapporteur /synthesis/workbench/{number}?answer=answered&after={place}
on both: bench-list item-order passages progress revisions total
rapporteur /synthesis/workbench/{number}?answer=unanswered&position=opposed&category=own_name
on both: bench-list item-order passages progress total
rapporteur /synthesis/workbench/{number}?answer=undecided&category=trade_union&language_of=ar
on both: all-gathered item-order progress questions unanswered
rapporteur /synthesis/overview/{number}
chair /synthesis/overview/{number}
secretariat /synthesis/overview/{number}
on both: all-gathered progress
rapporteur /synthesis/read/{number}
visitor /synthesis/read/{public}
on both: item-list item-order progress questions revisions
rapporteur /synthesis/edit-item/{item}
on both: item-order progress questions revisions
rapporteur /synthesis/edit-item/{item}?after={later}
on both: categories last-acts questions states unanswered-counts
secretariat /consultations/dashboard
on both: categories last-acts questions unanswered-counts
administrator /consultations/dashboard
on both: open-data
visitor /exports/open-data
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
