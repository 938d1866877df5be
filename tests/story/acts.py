"""What is done along the story, each by its pages alone: with JavaScript and without, in any language."""

import csv
from datetime import datetime
from pathlib import Path

import docx

from consult.core.i18n import MOROCCO
from tests.story.looks import looked_at
from tests.story.people import Person
from tests.waiting import until

STAKEHOLDER = "zineb@cooperative.example"
BODY = {"fr": "Cette action gagnerait à dire qui la mène & quand.\n\nMerci.", "ar": "يحسن أن يحدد هذا الإجراء من يقوم به ومتى.\n\nوشكرا."}
WORDING = {"fr": "sous la responsabilité d’un pilote désigné", "ar": "تحت مسؤولية جهة محددة"}
KEY = "C1-A1-P1-a1"
ANSWER = "Retenu : chaque action nomme désormais son pilote <et> son échéance."
CHANGED = "Chaque année, un pilote désigné en rend compte."
NOTED = "La commission en prend note pour la mise en œuvre."


def lodge_as_a_stranger(person: Person) -> str:
    """Reads, writes, is asked to sign in, makes an account, comes back to the text, previews it, and lodges it once by two clicks."""
    page = person.page
    page.goto(person.site.base)
    assert person.path == ""
    person.picture("home")
    person.press("main a[href$='/chapters/1']")
    person.picture("chapter")
    page.hover(f"[id='{KEY}'] .words")  # what one may do with a passage comes with the mouse
    person.follow(f"[id='{KEY}'] a.do")
    person.picture("contribute")
    present = page.input_value("[name=replacement]")
    person.write(body=BODY[person.language], replacement=f"{present} {WORDING[person.language]}")
    person.press("[name=act][value=submit]")
    person.picture("must-sign-in")
    person.press("main .notice a[href*=register]")
    person.register("Zineb Benali", STAKEHOLDER)
    assert page.input_value("[name=body]").replace("\r", "") == BODY[person.language], "the text waits for its author"
    person.add_organisation("Coopérative Tighanimine")
    person.picture("profile")
    person.sign_out()
    person.go(f"contributions/lodge/1/{KEY}")
    person.press("main .notice a[href*=login]")
    person.picture("sign-in")
    person.sign_in_by_link(STAKEHOLDER)
    assert page.input_value("[name=body]").replace("\r", "") == BODY[person.language], "the account keeps the draft"
    person.declare()
    person.press("[name=act][value=preview]:not([aria-hidden])")
    assert WORDING[person.language] in person.text("#preview ins")
    person.picture("preview")
    before = count(person)
    page.dblclick("[name=act][value=submit]")
    page.wait_for_function("location.pathname.includes('/receipt/')")  # the second press may take the page of the first away
    page.wait_for_load_state()
    person.picture("receipt")
    assert count(person) == before + 1
    ref = person.reference()
    receipt = person.letters.wait(STAKEHOLDER, ref)
    assert person.text(".digest") in receipt
    assert BODY[person.language] in receipt.replace("\r", "")
    assert ref in person.letters.wait(STAKEHOLDER, f"/{person.language}/contributions/receipt/{ref}")
    person.go("contributions/mine")
    person.picture("mine")
    assert ref in person.text()
    return ref


def count(person: Person) -> int:
    return person.site.ask("SELECT count(*) FROM contribution")[0][0]


def moderate(person: Person, ref: str) -> None:
    """Finds the contribution in the queue and publishes it; withholds another, whose author is told why."""
    person.go("moderation/")
    person.picture("moderation-queue")
    person.press(f".bench-list a[href*='{ref}']")
    assert WORDING[person.language] in person.text(".bench-text ins")
    person.picture("moderation-one")
    person.press(f"form[action*='publish/{ref}'] button")
    person.letters.wait(STAKEHOLDER, f"/contributions/{ref}")
    [(other, author)] = person.site.ask(
        "SELECT ref, email FROM contribution JOIN user ON user.id = author_id WHERE chapter_id = 1 AND state = 'submitted' LIMIT 1"
    )
    person.go(f"moderation/{other}?chapter=1&state=submitted")
    person.press(f"form[action*='withhold/{other}'] .btn-danger")
    assert person.sees(".error-summary"), "not without a reason"
    person.picture("moderation-refused")
    person.page.locator("#withhold-reason").select_option(index=1)
    person.page.fill("#withhold-words", "Ce passage vise une personne ; reformulez-le.")
    person.press(f"form[action*='withhold/{other}'] .btn-danger")
    assert "reformulez-le" in person.letters.wait(author, other)
    person.go("moderation/register")
    person.picture("register")
    assert {ref, other} <= set(person.page.locator("table.register th[scope=row]").all_inner_texts())


def read_in_public(person: Person, ref: str) -> None:
    """The chapter shows it at once, and the discussion of the passage has its words and its change."""
    seen = f"[id='{KEY}'] .acts a.count, [id='{KEY}'] .notes"
    until(lambda: person.go("chapters/1") and person.sees(seen), "not on the chapter page")
    person.go(f"contributions/discussion/1/{KEY}")
    person.picture("discussion")
    assert WORDING[person.language] in person.text(f"[id='{ref}'] ins")
    person.press(f"[id='{ref}'] a[href$='{ref}']")
    person.picture("contribution")
    assert "Coopérative Tighanimine" in person.text()


def gather(person: Person, ref: str) -> None:
    """Makes a new item of it: an answer needs its reasons, and the new wording is seen as a redline before it is recorded."""
    page = person.page
    person.go(f"synthesis/workbench/1?answer=to_gather&block={KEY}")
    page.check(f"[id='{ref}'] [name=choice]")
    page.fill("[name=title]", "Un pilote pour chaque action")
    person.picture("workbench")
    person.press("[name=then][value=decide]")
    page.select_option("[name=disposition]", "accepted")
    person.press("[name=act][value=save]")
    assert person.sees(".error-summary"), "not without its reasons"
    page.fill("[name=rationale]", ANSWER)
    passage = page.locator(".wordings details", has=page.locator(f"[value='{KEY}']"))
    passage.locator("summary").click()
    words = passage.locator("[name=wording]")
    words.fill(f"{words.input_value()} {CHANGED}")
    person.press("[name=act][value=preview]:not([aria-hidden])")
    assert CHANGED in person.text(".wordings ins")
    person.picture("item")
    assert looked_at(person) == []
    person.press("[name=act][value=save]")
    assert person.sees(".notice-success"), person.text()


def confirm_places(person: Person, number: int) -> None:
    """In each language of the text: those that are certain at once, the others one by one."""
    for text in ("fr", "ar"):
        place = f"contributions/anchors/{number}?text={text}&state=proposed"
        person.go(place)
        while waiting := next(filter(person.sees, ("form.certain", "form[action*='/confirm-anchor/']")), ""):
            person.press(f"{waiting} button")
            person.go(place)


def answer_the_rest(person: Person, number: int) -> None:
    """Publishes all that waits, page after page, confirms the places, and answers all that is not gathered yet with one item."""
    confirm_places(person, number)
    page = person.page
    person.go(f"moderation/?chapter={number}")
    while person.sees("[name=choice]"):
        tick_all(person)
        person.press(".bulk .btn-primary")
        assert person.sees(".notice-success"), person.text()
    person.go(f"synthesis/workbench/{number}?answer=to_gather")
    page.check("[name=scope][value=filter]")
    page.fill("[name=title]", "Autres contributions")
    person.press("[name=then][value=decide]")
    page.select_option("[name=disposition]", "noted")
    page.fill("[name=rationale]", NOTED)
    person.press("[name=act][value=save]")
    assert person.sees(".notice-success"), person.text()
    person.go(f"synthesis/workbench/{number}?answer=unanswered")
    assert not person.sees("[name=choice]"), person.text()


def tick_all(person: Person) -> None:
    """By the button that JavaScript brings, or one by one."""
    if person.page.locator("[data-all]").is_visible():
        person.page.click("[data-all]")
    else:
        for box in person.page.locator("[name=choice]").all():
            box.check()


def close_and_begin(person: Person) -> None:
    person.go("consultations/dashboard")
    person.picture("dashboard")
    person.press("main a[href$='/consultations/close']")
    person.page.fill("[name=reason]", "Chacun a pu s’exprimer.")
    person.press("main form button")
    assert person.path == "consultations/dashboard", person.text()
    person.press("main a[href$='/begin-synthesis']")
    person.press("main form button")
    assert person.path == "consultations/dashboard", person.text()


def refuse_then_validate(chairs: list[Person], late: Person) -> None:
    """The last chapter is refused, also to a form sent by hand, until its rapporteur has answered everything."""
    last = chairs[-1]
    last.go("synthesis/overview/5")
    assert last.sees(".obstacles li")
    assert not last.sees("form[action*=validate]")
    last.picture("overview-refused")
    assert looked_at(last) == []
    token = last.page.locator("[name=csrf_token]").first.get_attribute("value")
    answer = last.page.request.post(last.address("synthesis/validate/5"), form={"csrf_token": token})
    assert answer.status == 409
    answer_the_rest(late, 5)
    for number, chair in enumerate(chairs, start=1):
        validate(chair, number)


def validate(person: Person, number: int) -> None:
    person.go(f"synthesis/overview/{number}")
    person.picture(f"overview-{number}")
    person.press("form[action*=validate] button")
    assert person.sees(".notice-success"), person.text()


def take_documents(person: Person, ref: str) -> None:
    """Asks for a synthesis in Word and the contributions as a table, watches until they are made, and opens them."""
    page = person.page
    for kind, format_ in (("synthesis", "docx"), ("contributions", "csv")):
        person.go("exports")
        page.check(f"[name='{kind}-format'][value={format_}]")
        person.press(f"form[action$='exports/request/{kind}'] button")
        assert person.sees("table tbody tr"), person.text()
    person.picture("exports")
    until(lambda: person.fetch("exports").count("/download/") == 2, "the documents are not made")
    person.go("exports")
    person.picture("exports-ready")
    assert looked_at(person) == []
    table, synthesis = (person.download(f"tbody tr:nth-child({n}) a[href*='/download/']") for n in (1, 2))
    said = "\n".join(paragraph.text for paragraph in docx.Document(synthesis).paragraphs)
    assert ANSWER in said
    assert ref in all_words(synthesis)
    with open(table, encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    assert sum(ref in row for row in rows) == 1
    assert len(rows) > 300


def all_words(path: Path) -> str:
    return "".join(docx.Document(path).element.itertext())


def submit(person: Person) -> None:
    """Submits; the sealed archive is checked offline, and a single changed byte is found."""
    person.go("consultations/dashboard")
    person.press("main a[href$='/adoption/submit']")
    person.picture("submit")
    assert looked_at(person) == []
    person.press("main form button")
    assert person.path == "adoption/submission", person.text()
    until(lambda: "/adoption/archive" in person.fetch("adoption/submission"), "the archive is not sealed")
    person.go("adoption/submission")
    person.picture("submission")
    archive = person.download("a[href$='/adoption/archive']")
    verified = person.site.run("verify", str(archive))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    assert person.site.run("verify", str(archive)).returncode == 1


def decide(person: Person) -> None:
    for number in range(1, 6):
        person.go("adoption/submission")
        person.press(f"main a[href$='/decide/{number}']")
        person.page.check(f"[name=outcome][value={'adopted_with_changes' if number == 3 else 'adopted'}]")
        person.page.fill("[name=words]", "Délai porté à deux ans." if number == 3 else "")
        person.page.fill("[name=decided_on]", datetime.now(MOROCCO).date().isoformat())
        if number == 1:
            person.picture("decide")
            assert looked_at(person) == []
        person.press("main form .btn-primary")
        assert person.path == "adoption/submission", person.text()
    assert "Délai porté à deux ans." in person.text()


def see_the_answer(person: Person, visitor: Person, ref: str) -> None:
    """The author reads in a letter, under "My contributions" and on the public page what became of the words, and why."""
    letter = person.letters.wait(STAKEHOLDER, f"/{person.language}/synthesis/read/1")
    assert ref in letter
    assert ANSWER in letter
    person.go("contributions/mine")
    person.picture("mine-answered")
    assert looked_at(person) == []
    assert ANSWER in person.text()
    assert CHANGED in person.text("main ins")
    visitor.go(f"contributions/{ref}")
    visitor.picture("contribution-answered")
    assert looked_at(visitor) == []
    assert ANSWER in visitor.text()
    visitor.press("main a[href*='/synthesis/read/1?item=']")
    visitor.picture("synthesis")
    assert looked_at(visitor) == []
    assert ANSWER in visitor.text()
    assert any(CHANGED in words for words in visitor.page.locator("main ins").all_inner_texts())
    visitor.go("adoption/submission")
    visitor.picture("decisions")
    assert looked_at(visitor) == []
    assert "Délai porté à deux ans." in visitor.text()
