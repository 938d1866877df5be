"""Where each form and each page of the application stands, and how the site has to be for it: what the fuzz needs to reach them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from consult.accounts import second_step
from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.consultations import service as consultations
from consult.consultations.models import Consultation, Phase, Role
from consult.contributions.models import Anchor, AnchorState, Contribution, ContributionState, ReviewRank, Support
from consult.core import tallies
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from consult.synthesis import service as synthesis
from consult.synthesis.models import ItemContribution, ItemTally, SynthesisItem, SynthesisState
from tests.adoption import cases
from tests.contributions.revising import ELSEWHERE, REWORDED, source
from tests.house.fuzzing import Upload, Value

PASSWORD = "mot de passe de tous"  # noqa: S105 - of people of this test
A1, A2 = "C1-A1-P1-a1", "C1-A1-P1-a2"

# What has to be so for a form to be there


def as_built(consultation: Consultation) -> None:
    """Open, half moderated, the first chapter's second version published."""


def with_factor(consultation: Consultation) -> None:
    """Everybody has an authenticator."""
    session.execute(sa.update(User).values(tf_totp_secret="{}"))
    session.expire_all()


def preparation(consultation: Consultation) -> None:
    consultation.phase = Phase.PREPARATION
    consultation.dated_round.opens_at, consultation.dated_round.closes_at = utcnow() + timedelta(days=9), utcnow() + timedelta(days=40)


def open_for_long(consultation: Consultation) -> None:
    consultation.dated_round.opens_at = utcnow() - timedelta(days=20)


def closed(consultation: Consultation) -> None:
    consultation.phase = Phase.CLOSED
    consultation.dated_round.closes_at = utcnow() - timedelta(days=1)


def in_synthesis(consultation: Consultation) -> None:
    """Nothing waits for an answer: everything was withdrawn."""
    closed(consultation)
    consultation.phase = Phase.SYNTHESIS
    session.execute(sa.update(Contribution).values(state=ContributionState.WITHDRAWN, withdrawn_at=utcnow()))
    session.execute(sa.update(Anchor).values(state=AnchorState.CONFIRMED, rank=ReviewRank.CONFIRMED, decided_at=utcnow()))
    for model in (ItemContribution, ItemTally, SynthesisItem):
        session.execute(sa.delete(model))
    tallies.recount_all()
    session.expire_all()


def validated(consultation: Consultation) -> None:
    in_synthesis(consultation)
    for chapter in chapters.list_chapters(consultation):
        report = synthesis.get_or_new(chapter)
        report.state, report.validated_at = SynthesisState.VALIDATED, utcnow()
        session.add(report)


def submitted(consultation: Consultation) -> None:
    """With an archive of which there is no file."""
    validated(consultation)
    secretary = next(one.user for one in consultations.list_appointments(consultation) if one.role == Role.SECRETARIAT)
    cases.sent(consultation, secretary)


def overtaken(consultation: Consultation) -> None:
    """What is being prepared does not follow what is published any more."""
    chapters.import_chapter(SYSTEM, consultation, data=source(REWORDED, ELSEWHERE, ("But du projet", "Le but du projet")).encode())


def supported(consultation: Consultation) -> None:
    """By everybody, for themselves."""
    published = session.scalars(sa.select(Contribution).where(Contribution.is_public).order_by(Contribution.id)).all()
    for person in session.scalars(sa.select(User).order_by(User.id)).all():
        for contribution in published:
            if contribution.author_id != person.id:
                session.add(Support(contribution_id=contribution.id, supporter_id=person.id))
    session.flush()
    tallies.recount_all()


@dataclass(frozen=True)
class Place:
    """The page on which a form stands, as ``page`` of its site; how the site is then; and what is typed where a field wants its own."""

    page: str
    so: Callable[[Consultation], None] = as_built
    given: dict[str, Value | tuple[Value, ...]] = field(default_factory=dict)
    is_taken: bool = True  # as it stands, with everything filled
    press: str = ""  # the button that matters most, by its value: each attempt is made with it
    is_of_another: bool = False  # its fields are tried one by one at the address of another button of its form


DAYS = {"opens_at": "2027-01-15T09:00", "closes_at": "2027-03-15T09:00"}
AS_THE_FILE_SAYS = {
    "file": Upload("chapitre-1.md", source(REWORDED, ELSEWHERE, ("But du projet", "Le but du projet")).encode()),
    "chapter": "", "text_language": "", "title": "",
}
CHOSEN = {"scope": "chosen"}
PLANNED = {"decision_planned_for": "2027-04-15", "submission_planned_for": ""}
NEW = {"password": "une longue phrase", "password_confirm": "une longue phrase"}
CHANGED = {"password": PASSWORD, "new_password": "une autre phrase", "new_password_confirm": "une autre phrase"}
PLACES = {
    "accounts.end_sessions_of": Place("accounts/end-sessions-of", given={"email": "{email}"}, is_taken=False),
    "accounts.follow_link": Place("accounts/follow-link?id={email}&token=123", is_taken=False),
    "accounts.profile": Place("accounts/profile"),
    "accounts.remove_authenticator": Place("accounts/remove-authenticator", with_factor),
    "accounts.renew_recovery_codes": Place("accounts/renew-recovery-codes", with_factor),
    "news.choose": Place("news/choose"),
    "news.follow": Place("news/follow/1/C1-A1-P1-a1"),
    "news.stop": Place("news/stop/{stop}"),
    "news.unfollow": Place("news/following"),
    "accounts.reset_factors": Place("accounts/reset-factors", given={"email": "{email}"}, is_taken=False),
    "accounts.sessions": Place("accounts/sessions"),
    "accounts.set_up_authenticator": Place("accounts/set-up-authenticator", given={"code": "123456"}, is_taken=False),
    "adoption.decide": Place("adoption/decide/1", submitted, {"decided_on": "{today}", "words": "Adopté."}),
    "adoption.submit": Place("adoption/submit", validated),
    "chapters.confirm_translation": Place("chapters/1/translations/ar"),
    "chapters.confirm_translations": Place("chapters/1/translations/ar"),
    "chapters.correct": Place("chapters/1/working-draft/fr/correct?new=C1-A1-P1-a3"),
    "chapters.discard": Place("chapters/1/working-draft/fr"),
    "chapters.edit_working_draft": Place("chapters/1/edit/fr", press="save"),
    "chapters.import_chapter": Place("chapters/import-chapter", given={**AS_THE_FILE_SAYS, "may_replace": "y"}),
    "chapters.preview": Place("chapters/1/edit/fr", is_of_another=True),
    "chapters.publish": Place("chapters/1/working-draft/fr"),
    "chapters.rebase": Place("chapters/1/working-draft/fr", overtaken),
    "consultations.accept_invitation": Place("consultations/accept-invitation/{invited}"),
    "consultations.appoint": Place("consultations/appoint", given={"email": "{email}", "role": "moderator", "commission": "1"}),
    "consultations.begin_synthesis": Place("consultations/begin-synthesis", closed, is_taken=False),  # a batch of paper is still open
    "consultations.close": Place("consultations/close", open_for_long),
    "consultations.dismiss": Place("consultations/dismiss/{appointment}"),
    "consultations.edit": Place("consultations/edit"),
    "consultations.extend": Place("consultations/extend", given=DAYS),
    "consultations.home_words": Place("consultations/home-words", given=PLANNED),
    "consultations.invite": Place("consultations/invite", given={"email": "neuve@example.org", "role": "moderator", "commission": "1"}),
    "consultations.invite_again": Place("consultations/invite-again/{invitation}"),
    "consultations.let_go": Place("consultations/let-go/{letter}"),
    "consultations.open": Place("consultations/open", preparation),
    "consultations.schedule": Place("consultations/schedule", preparation, DAYS),
    "consultations.send_again": Place("consultations/send-again/{letter}"),
    "consultations.withdraw_invitation": Place("consultations/withdraw-invitation/{invitation}"),
    **dict.fromkeys((f"contributions.{name}" for name in ("accept_offered", "remark_on_offered", "return_offered", "take_back_offered")),
                    Place("contributions/organisation-drafts/{offered}")),
    "contributions.edit_offered": Place("contributions/organisation-drafts/{offered}/edit", given={"exact": ""}),
    "contributions.offer_again": Place("contributions/organisation-drafts/{returned}"),
    "contributions.confirm_anchor": Place("contributions/anchor/{anchor}"),
    "contributions.confirm_certain": Place("contributions/anchors/1?text=fr"),
    "contributions.drop_draft": Place("contributions/mine"),
    "contributions.leave": Place("contributions/anchor/{anchor}"),
    "contributions.lodge": Place(f"contributions/lodge/1/{A2}", given={"exact": "", "sentence": "", "draft": ""}, press="submit"),
    "contributions.open_annex": Place("contributions/{annexed}"),
    "contributions.position": Place("contributions/position", given={"drafts": "1-1"}, is_taken=False),
    "contributions.reattach": Place("contributions/anchor/{anchor}", given={"likely": "", "key": A2}),
    "contributions.reply": Place("contributions/reply/{published}"),
    "contributions.support": Place("contributions/{published}", given={"speak_as": "self"}),
    "contributions.take_back_support": Place("contributions/{published}", supported),
    "contributions.withdraw": Place("contributions/withdraw/{own}"),
    "contributions.withdraw_reply": Place("contributions/withdraw-reply/{own_reply}"),
    "exports.request": Place("exports"),
    "moderation.publish": Place("moderation/{waiting}", given={"words": ""}),
    "moderation.publish_several": Place("moderation/"),
    "moderation.withhold_several": Place("moderation/", press="Withhold those chosen…"),
    "moderation.appeal": Place("moderation/appeal/{own_withheld}"),
    "moderation.uphold": Place("moderation/{appealed}?state=withheld"),
    "moderation.dismiss_hint": Place("moderation/{hinted}"),
    "moderation.mark_read": Place("moderation/{unread}?state=published"),
    "moderation.flag": Place("moderation/flag/{published}"), "moderation.keep_flagged": Place("moderation/{flagged}?state=published"),
    "moderation.ask_to_rephrase": Place("moderation/{waiting}", given={"phrases": "point"}),
    **dict.fromkeys((f"moderation.{name}" for name in ("rephrase", "keep_words")), Place("moderation/rephrase/{own_asked}")),
    "moderation.redact": Place("moderation/{waiting}", given={"phrases": "point"}),
    **dict.fromkeys((f"moderation.{name}" for name in ("read_original", "reopen", "show_all")),
                    Place("moderation/{redacted}?state=published")),
    "moderation.restore": Place("moderation/{withheld}?state=withheld"),
    "moderation.withhold": Place("moderation/{waiting}"),
    **dict.fromkeys((f"organisations.{name}" for name in ("accept", "end_mandate", "end_membership")),
                    Place("organisations/members/{organisation}")),
    "organisations.invite": Place("organisations/members/{organisation}/invite", given={"email": "collegue@example.org"}),
    **dict.fromkeys(("organisations.invite_again", "organisations.withdraw_invitation"),
                    Place("organisations/members/{organisation}/invite")),
    "organisations.accept_invitation": Place("organisations/accept-invitation/{membering}"),
    "organisations.mandate": Place("organisations/members/{organisation}", given={"begins_on": "2099-01-01", "ends_on": "2099-12-31"}),
    "organisations.merge": Place("organisations/register/{organisation}/merge?into={body}", given={"is_meant": "y"}),
    "organisations.add": Place("organisations/add", given={
        "short": "CTF", "name_ar": "تعاونية", "name_fr": "Coopérative Témoin", "website": "https://ctf.example.ma"}),
    "organisations.confirm": Place("organisations/register?state=listed"),
    "organisations.correct": Place("organisations/register/{organisation}/correct", given={
        "short": "CTF", "name_ar": "تعاونية", "website": "https://ctf.example.ma"}),
    "organisations.mine": Place("organisations/mine?q=laboratoire"),
    "forms.discard": Place("forms/received/{received_form}/discard"),
    "forms.leave_row": Place("forms/received/{received_form}"),
    "forms.make_drafts": Place("forms/received/{received_form}", given={"speaking": "self"}),
    "forms.place_row": Place("forms/rows/{received_row}", given={"chapter": "1", "passage": A1}),
    "forms.receive": Place("forms", given={
        "file": Upload("formulaire.csv", b"Organisme;Article;Type;Commentaires\nCGEM;C1-A1-P1-a1;te;Trop vague.\n"), "chapter": "0"}),
    "outreach.correct_row": Place("outreach/rows/{stakeholder_row}", given={
        "address": "neuve@example.org", "chapters": "1", "organisation": "Observatoire de la mesure"}),
    "outreach.discard": Place("outreach/lists/{stakeholder_list}/discard"),
    "outreach.hold": Place("outreach"),
    "outreach.import_list": Place("outreach/import-list", given={
        "file": Upload("liste.csv", "Organisme;Catégorie;Courriel\nCoopérative;Entreprise;autre@example.org\n".encode())}),
    "outreach.invitation": Place("outreach/invitation/{asked_by_letter}", given={"speaks_for": "self"}),
    "outreach.leave_out": Place("outreach/lists/{stakeholder_list}?state=doubtful"),
    "outreach.leave_out_doubtful": Place("outreach/lists/{stakeholder_list}"),
    "outreach.note_returned": Place("outreach/stakeholders/{stakeholder}"),
    "outreach.open": Place("outreach/invitation/{asked_by_letter}"),
    "outreach.refuse": Place("outreach/refuse/{asked_by_letter}"),
    "outreach.send": Place("outreach/send"),
    "outreach.take": Place("outreach/lists/{stakeholder_list}"),
    "privacy.forget": Place("privacy/forget", given={"is_sure": ""}, is_taken=False),
    "privacy.forget_on_request": Place("privacy/forget-on-request", given={"email": "{email}"}),
    "reception.bring": Place("reception/{batch}/bring", given={
        "file": Upload("bulletins.csv", b"Passage;Contribution;Nom\nC1-A1-P1-a1;Trop vague.;Fatima\n")}),
    "reception.enter_table": Place("reception/{batch}/tables/{table}", given={"for_all": A1, "title": "-1", "body": "1"}),
    "reception.check": Place("reception/{batch}/compare/1"),
    "reception.claim": Place("reception/claim", given={"code": "{code}"}),
    "reception.close": Place("reception/{balanced}"),
    "reception.correct": Place("reception/{batch}/compare/1", given={"passage": A1}),
    "reception.enter": Place("reception/{batch}/enter", given={"passage": A1, "same_as": "", "organisation": "", "is_another": ""}),
    "reception.register": Place("reception/register", given={"received_at": "{today}T00:01", "announced": "12"}),
    "reception.set_aside": Place("reception/{batch}", given={"count": "1"}),
    "security.change_password": Place("accounts/change", given=CHANGED),
    "security.confirm_email": Place("accounts/confirm/{confirmation}"),
    "security.forgot_password": Place("accounts/reset", given={"email": "{email}"}),
    "security.login": Place("accounts/login", given={"identity": "{email}", "passcode": PASSWORD}),
    "security.logout": Place("contributions/"),
    "security.register": Place("accounts/register"),
    "security.reset_password": Place("accounts/reset/{reset}", given=NEW),
    "security.send_confirmation": Place("accounts/confirm"),
    "security.wan_register": Place("accounts/wan-register", given={"name": "Clé du tiroir"}),
    "security.us_signin_send_code": Place("accounts/login", given={"identity": "{email}", "passcode": ""}, is_of_another=True),
    "security.us_verify": Place("accounts/us-verify", given={"passcode": PASSWORD}),
    "security.us_verify_send_code": Place("accounts/us-verify", given={"passcode": ""}, is_of_another=True),
    "grouping.join": Place("grouping/1/1", given={"other": "{unlike}"}),
    "grouping.part": Place("grouping/1/1"),
    "synthesis.add_item": Place("synthesis/workbench/1?answer=all", given=CHOSEN),
    "synthesis.attach": Place("synthesis/workbench/1?answer=all", given={**CHOSEN, "title": ""}, is_of_another=True),
    "synthesis.detach": Place("synthesis/edit-item/{item}", is_of_another=True),
    "synthesis.drop_item": Place("synthesis/edit-item/{empty}"),
    "synthesis.edit_item": Place("synthesis/edit-item/{item}", given={"disposition": "noted", "ground": "", "more": ""}, press="save"),
    "synthesis.edit_point": Place("synthesis/split/{cut}", given={"place": ""}),
    "synthesis.rejoin": Place("synthesis/split/{cut}"),
    "synthesis.reopen": Place("synthesis/overview/1", validated),
    "synthesis.split": Place("synthesis/split/{cut}", given={"cut": "body:37"}),
    "synthesis.validate": Place("synthesis/overview/2", in_synthesis),
}
# Addresses of Flask-Security that show no form of their own: other pages stand for them.
WITHOUT_FORM = {f"security.{name}" for name in (
    "us_setup us_setup_validate us_signin verify two_factor_setup two_factor_setup_validate two_factor_rescue mf_recovery_codes wan_delete"
).split()}
# Those whose form is there in the midst of signing in, or while a passkey answers: tests/accounts sends everything wrong there.
WITHOUT_FORM |= {f"security.{name}" for name in (*second_step.STEPS, "wan_register_response")}
WITHOUT_FORM |= {"accounts.remove_passkey", "accounts.use_passkey"}
# That of whoever is signed in as the person to whom the letter went: tests/outreach/test_answering.py presses it.
WITHOUT_FORM |= {"outreach.take_up"}
# That which answers a script alone: tests/contributions/test_saving.py sends everything wrong there.
WITHOUT_FORM |= {"contributions.save", "contributions.save_offered"}
# Those of signing in by a provider, of which the settings of these tests name none: tests/accounts/test_provider.py opens them.
BY_PROVIDER = {f"accounts.{name}" for name in (
    "bind_identity", "come_back", "go_to_provider", "leave_for_provider", "register_by_provider", "signed_out", "unbind_identity")}
WITHOUT_FORM |= BY_PROVIDER - {f"accounts.{name}" for name in ("come_back", "leave_for_provider", "signed_out")}
# Who is shown what an address leads to, and how the site is then.
EVERYBODY = (
    "accounts.arrive accounts.check_mail accounts.follow_link accounts.use_passkey "
    "chapters.choose_comparison chapters.compare chapters.home chapters.provision "
    "chapters.read chapters.revision chapters.revisions chapters.translations consultations.charter consultations.help "
    "consultations.legal_notice consultations.take_part contributions.discussion contributions.index contributions.show "
    "contributions.read_file "
    "forms.download forms.overview "
    "exports.open_data exports.open_data_contributions exports.open_data_decisions exports.open_data_decisions_json "
    "exports.open_data_replies grouping.method healthz index journal.feed journal.read search.read "
    "journal.stamp moderation.register news.chapter_feed news.feed news.stop privacy.read readyz security.confirm_email "
    "security.forgot_password security.login security.register security.reset_password security.send_confirmation security.us_signin "
    "security.us_verify_link security.mf_recovery security.tf_select security.two_factor_token_validation security.wan_signin"
).split()
SIGNED_IN = (
    "accounts.profile accounts.remove_authenticator accounts.renew_recovery_codes accounts.second_factor "
    "accounts.sessions accounts.set_up_authenticator contributions.lodge contributions.mine contributions.own_lines contributions.position "
    "contributions.edit_offered contributions.list_offered contributions.show_offered contributions.show_wording "
    "contributions.position_receipt contributions.receipt contributions.reply contributions.similar contributions.withdraw "
    "moderation.flag moderation.appeal moderation.rephrase moderation.keep_words contributions.read_draft_file "
    "contributions.withdraw_reply exports.position "
    "forms.discard forms.file forms.place_row forms.view_form "
    "kept_form news.choose news.follow news.following news.unfollow "
    "organisations.add organisations.mine privacy.forget reception.claim security.change_password security.us_setup "
    "security.us_verify security.verify accounts.remove_passkey security.mf_recovery_codes security.two_factor_rescue "
    "security.two_factor_setup security.wan_delete security.wan_register"
).split()
IN_CHARGE = (
    "chapters.correct chapters.coverage chapters.edit_working_draft chapters.import_chapter chapters.working_draft chapters.working_drafts "
    "contributions.anchor contributions.anchors exports.download exports.overview moderation.publish moderation.queue moderation.restore "
    "moderation.appeals moderation.flagged moderation.unread moderation.ask_to_rephrase "
    "moderation.read_original moderation.redact moderation.reopen moderation.show_all moderation.withhold_several "
    "moderation.show moderation.withhold synthesis.add_item synthesis.attach synthesis.detach synthesis.edit_item synthesis.overview "
    "synthesis.reopen synthesis.validate synthesis.workbench grouping.join grouping.show synthesis.account synthesis.positions "
    "synthesis.edit_point synthesis.rejoin synthesis.split"
).split()
LISTED = {
    **dict.fromkeys(EVERYBODY, ("visitor", as_built)), **dict.fromkeys(SIGNED_IN, ("participant", as_built)),
    **dict.fromkeys(IN_CHARGE, ("chair", as_built)),
    **{endpoint: ("secretariat", place.so) for endpoint, place in PLACES.items() if endpoint.startswith("consultations.")},
    **dict.fromkeys((f"outreach.{name}" for name in (
        "by_category correct_row discard file import_list overview radar send show view_list").split()), ("secretariat", as_built)),
    **dict.fromkeys(("outreach.invitation", "outreach.refuse"), ("visitor", as_built)),
    **dict.fromkeys(("accounts.end_sessions_of", "accounts.reset_factors"), ("administrator", as_built)),
    "consultations.accept_invitation": ("visitor", as_built),
    **dict.fromkeys((f"reception.{name}" for name in "bring check enter enter_table overview register show stubs".split()),
                    ("secretariat", as_built)),
    **dict.fromkeys(sorted(BY_PROVIDER - {"accounts.go_to_provider"}), ("participant", as_built)),
    "adoption.archive": ("secretariat", submitted), "adoption.decide": ("secretariat", submitted),
    "adoption.document": ("visitor", submitted), "adoption.submission": ("visitor", submitted),
    "adoption.submit": ("secretariat", validated), "consultations.dashboard": ("secretariat", as_built),
    "consultations.letters": ("secretariat", as_built), "organisations.correct": ("secretariat", as_built),
    "organisations.merge": ("secretariat", as_built), "organisations.invite": ("secretariat", as_built),
    "organisations.accept_invitation": ("visitor", as_built), "moderation.uphold": ("secretariat", as_built),
    "organisations.view_members": ("secretariat", as_built), "organisations.view_register": ("secretariat", as_built),
    **dict.fromkeys(("journal.events_file", "journal.view_events", "journal.view_permissions", "privacy.forget_on_request",
                     "privacy.register_file", "privacy.view_register"), ("secretariat", as_built)),
    "synthesis.gathered": ("chair", as_built), "synthesis.read": ("visitor", submitted), "synthesis.read_whole": ("visitor", submitted),
    **dict.fromkeys(("chapters.margin", "chapters.revision_margin"), ("visitor", as_built)),
}
# Of these there is no file, nothing was typed, or nothing was chosen.
NOT_THERE = {*BY_PROVIDER, "accounts.remove_passkey", "adoption.archive", "adoption.document", "chapters.correct", "chapters.margin",
             "chapters.revision_margin", "exports.download", "journal.stamp", "kept_form"}
FILES = {"static", "security.static", "privacy.download", "metrics"}  # and what is for machines alone
PART = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
PARTS = {
    "number": "1", "text_language": "fr", "key": A1, "ref": "{published}", "item_id": "{item}", "contribution_id": "{gathered}",
    "chapter": "1", "entry": "1", "anchor_id": "{anchor}", "draft_id": "1", "version": "1", "old": "1", "new": "2", "kind": "contributions",
    "token": "x", "table": "1",
    "export_id": "1", "hint_id": "1", "format": "pdf", "item_number": "1", "part": "1", "position": "1",
    "file_id": "{draft_file}", "offered_id": "{offered}", "point_id": "{point}", "slug": "{organisation}", "membership_id": "{asked}",
    "mandate_id": "{mandate}",
}
PARTS_OF = {
    ("chapters.translations", "text_language"): "ar", ("consultations.dismiss", "number"): "{appointment}",
    ("consultations.accept_invitation", "token"): "{invited}", ("consultations.invite_again", "number"): "{invitation}",
    ("consultations.withdraw_invitation", "number"): "{invitation}", ("organisations.accept_invitation", "token"): "{membering}",
    **dict.fromkeys((("organisations.invite_again", "number"), ("organisations.withdraw_invitation", "number")), "{member_invitation}"),
    ("consultations.let_go", "number"): "{letter}", ("consultations.send_again", "number"): "{letter}",
    **dict.fromkeys((("contributions.open_annex", "ref"), ("contributions.read_file", "ref")), "{annexed}"),
    ("contributions.open_annex", "number"): "2",
    ("contributions.offer_again", "offered_id"): "{returned}",
    ("contributions.receipt", "ref"): "{own}", ("contributions.position_receipt", "ref"): "{together}",
    ("exports.position", "ref"): "{together}", ("reception.enter_table", "table"): "{table}", ("reception.close", "number"): "{balanced}",
    **{(f"reception.{name}", "number"): "{batch}" for name in "bring check correct enter enter_table set_aside show stubs".split()},
    ("contributions.withdraw_reply", "ref"): "{own_reply}", ("contributions.withdraw", "ref"): "{own}",
    **dict.fromkeys((("synthesis.rejoin", "ref"), ("synthesis.split", "ref")), "{cut}"),
    ("grouping.part", "ref"): "{alike}", ("moderation.show", "ref"): "{waiting}", ("organisations.mandate", "membership_id"): "{member}",
    ("moderation.publish", "ref"): "{waiting}", ("moderation.withhold", "ref"): "{waiting}", ("moderation.restore", "ref"): "{withheld}",
    ("moderation.redact", "ref"): "{waiting}", ("moderation.dismiss_hint", "ref"): "{hinted}",
    ("moderation.keep_flagged", "ref"): "{flagged}", ("moderation.mark_read", "ref"): "{unread}",
    ("moderation.appeal", "ref"): "{own_withheld}", ("moderation.ask_to_rephrase", "ref"): "{waiting}",
    **dict.fromkeys(((f"moderation.{name}", "ref") for name in ("rephrase", "keep_words")), "{own_asked}"),
    ("moderation.uphold", "ref"): "{appealed}",
    **dict.fromkeys(((f"moderation.{name}", "ref") for name in ("read_original", "reopen", "show_all")), "{redacted}"),
    **{(f"outreach.{name}", "token"): "{asked_by_letter}" for name in ("invitation", "open", "refuse", "take_up")},
    **{(f"outreach.{name}", "number"): "{stakeholder_list}" for name in ("discard", "leave_out_doubtful", "take", "view_list")},
    **{(f"outreach.{name}", "number"): "{stakeholder_row}" for name in ("correct_row", "leave_out")},
    **{(f"outreach.{name}", "number"): "{stakeholder}" for name in ("note_returned", "show")}, ("outreach.file", "format"): "csv",
    **{(f"forms.{name}", "number"): "{received_form}" for name in ("discard", "file", "make_drafts", "view_form")},
    **{(f"forms.{name}", "number"): "{received_row}" for name in ("leave_row", "place_row")},
    ("news.stop", "token"): "{stop}",
    ("security.confirm_email", "token"): "{confirmation}", ("security.reset_password", "token"): "{reset}",
}
