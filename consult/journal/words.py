"""What each act of the journal is called on the page that people read."""

from typing import Any

from consult.core.audit import FORMER_NAMES
from consult.core.i18n import N_, gettext
from consult.core.permissions import Action
from consult.core.taking_over import TAKE_OVER

ACTS: dict[Action, str] = {
    Action.ACCOUNTS_ADD: N_("An account was added"),
    Action.ACCOUNTS_ADD_PASSKEY: N_("A passkey was added"),
    Action.ACCOUNTS_BIND_IDENTITY: N_("An account was linked to an identity elsewhere"),
    Action.ACCOUNTS_CONFIRM: N_("An address was confirmed"),
    Action.ACCOUNTS_EDIT_PROFILE: N_("A profile was changed"),
    Action.ACCOUNTS_END_SESSIONS: N_("Sessions were ended"),
    Action.ACCOUNTS_END_SESSIONS_OF: N_("The sessions of somebody else were ended"),
    Action.ACCOUNTS_REGISTER: N_("An account was asked for"),
    Action.ACCOUNTS_REGISTER_BY_PROVIDER: N_("An account was made by an identity elsewhere"),
    Action.ACCOUNTS_REMOVE_AUTHENTICATOR: N_("An authenticator was removed"),
    Action.ACCOUNTS_REMOVE_PASSKEY: N_("A passkey was removed"),
    Action.ACCOUNTS_RENEW_RECOVERY_CODES: N_("Recovery codes were made"),
    Action.ACCOUNTS_RESET_FACTORS: N_("The second factor of somebody was reset"),
    Action.ACCOUNTS_SET_UP_AUTHENTICATOR: N_("An authenticator was set up"),
    Action.ACCOUNTS_UNBIND_IDENTITY: N_("An identity elsewhere was taken away from an account"),
    Action.ACCOUNTS_USE_RECOVERY_CODE: N_("A recovery code was used"),
    Action.ADOPTION_CALL_OFF: N_("A submission was called off"),
    Action.ADOPTION_DECIDE: N_("The Council’s decision was recorded"),
    Action.ADOPTION_KEEP_ARCHIVE: N_("The archive of a submission was kept"),
    Action.ADOPTION_SEAL: N_("The submission was sealed"),
    Action.ADOPTION_SUBMIT: N_("The submission to the Council was asked for"),
    Action.CHAPTERS_CONFIRM_TRANSLATION: N_("The translation of a passage was confirmed"),
    Action.CHAPTERS_CONFIRM_TRANSLATIONS: N_("Translations were confirmed"),
    Action.CHAPTERS_CORRECT: N_("A passage of a working draft was matched by hand"),
    Action.CHAPTERS_DISCARD: N_("A working draft was discarded"),
    Action.CHAPTERS_IMPORT_CHAPTER: N_("A text was imported"),
    Action.CHAPTERS_KEEP_WORKING_DRAFT: N_("A working draft was kept"),
    Action.CHAPTERS_PUBLISH: N_("A version of a text was published"),
    Action.CHAPTERS_REBASE: N_("A working draft was brought up to date"),
    Action.CONSULTATIONS_ACCEPT_INVITATION: N_("An invitation was accepted"),
    Action.CONSULTATIONS_ADD: N_("The consultation was added"),
    Action.CONSULTATIONS_APPOINT: N_("Somebody was given a role"),
    Action.CONSULTATIONS_BEGIN_SYNTHESIS: N_("The synthesis phase began"),
    Action.CONSULTATIONS_CLOSE: N_("The consultation closed"),
    Action.CONSULTATIONS_DISMISS: N_("A role was withdrawn"),
    Action.CONSULTATIONS_EDIT: N_("The particulars of the consultation were changed"),
    Action.CONSULTATIONS_ENROL: N_("An invited person made their account"),
    Action.CONSULTATIONS_EXTEND: N_("The closing was put off"),
    Action.CONSULTATIONS_INVITE: N_("Somebody was invited to a role"),
    Action.CONSULTATIONS_INVITE_AGAIN: N_("An invitation was sent once more"),
    Action.CONSULTATIONS_LET_GO: N_("A letter was given up, its recipient told otherwise"),
    Action.CONSULTATIONS_OPEN: N_("The consultation opened"),
    Action.CONSULTATIONS_SCHEDULE: N_("The dates of the consultation were set"),
    Action.CONSULTATIONS_SEND_AGAIN: N_("A letter was sent again"),
    Action.CONSULTATIONS_WITHDRAW_INVITATION: N_("An invitation was withdrawn"),
    Action.CONTRIBUTIONS_ACCEPT_OFFERED: N_("An organisation took a draft of a member into its position"),
    Action.CONTRIBUTIONS_ADDRESS_DRAFT: N_("A text that was kept was given an address"),
    Action.CONTRIBUTIONS_ATTACH: N_("A file was attached to a text that is not lodged"),
    Action.CONTRIBUTIONS_CLAIM_DRAFT: N_("A text that was kept found its author"),
    Action.CONTRIBUTIONS_CONFIRM_ANCHOR: N_("The place of a contribution was confirmed"),
    Action.CONTRIBUTIONS_CONFIRM_CERTAIN: N_("The places that were certain were confirmed"),
    Action.CONTRIBUTIONS_DETACH: N_("A file was taken off a text that is not lodged"),
    Action.CONTRIBUTIONS_DROP_DRAFT: N_("A text that was kept was thrown away"),
    Action.CONTRIBUTIONS_EDIT_OFFERED: N_("A draft offered to an organisation was changed"),
    Action.CONTRIBUTIONS_ENTER: N_("What somebody said elsewhere was entered for them"),
    Action.CONTRIBUTIONS_ENTER_AGAIN: N_("What somebody said elsewhere was entered again, as the paper has it"),
    Action.CONTRIBUTIONS_FIND_PLACES: N_("Contributions found their places in a new version"),
    Action.CONTRIBUTIONS_KEEP_DRAFT: N_("A text was kept before it was lodged"),
    Action.CONTRIBUTIONS_KEEP_FILE_WORDS: N_("The words of attached files were read, to be searched"),
    Action.CONTRIBUTIONS_LEAVE: N_("A contribution stayed with the earlier version"),
    Action.CONTRIBUTIONS_LODGE: N_("A contribution was lodged"),
    Action.CONTRIBUTIONS_LODGE_POSITION: N_("Contributions were lodged together"),
    Action.CONTRIBUTIONS_OFFER: N_("A draft was offered to an organisation"),
    Action.CONTRIBUTIONS_OFFER_AGAIN: N_("A draft was offered to an organisation once more"),
    Action.CONTRIBUTIONS_OPEN_ANNEX: N_("A confidential annex was opened"),
    Action.CONTRIBUTIONS_REATTACH: N_("A contribution was attached to another passage"),
    Action.CONTRIBUTIONS_REMARK_ON_OFFERED: N_("A draft offered to an organisation was remarked upon"),
    Action.CONTRIBUTIONS_REPLY: N_("A reply to a contribution was lodged"),
    Action.CONTRIBUTIONS_RETURN_OFFERED: N_("An organisation returned a draft to its author"),
    Action.CONTRIBUTIONS_SUPPORT: N_("A contribution was supported"),
    Action.CONTRIBUTIONS_TAKE_BACK_OFFERED: N_("A draft offered to an organisation was taken back"),
    Action.CONTRIBUTIONS_TAKE_BACK_SUPPORT: N_("A support was taken back"),
    Action.CONTRIBUTIONS_WITHDRAW: N_("A contribution was withdrawn by its author"),
    Action.CONTRIBUTIONS_WITHDRAW_REPLY: N_("A reply was withdrawn by its author"),
    Action.EXPORTS_REQUEST: N_("An export was asked for"),
    Action.GROUPING_JOIN: N_("A contribution was put into a fold"),
    Action.GROUPING_PART: N_("A contribution was taken out of its fold"),
    Action.MODERATION_APPEAL: N_("An author appealed to the secretariat"),
    Action.MODERATION_ASK_TO_REPHRASE: N_("An author was asked to rephrase a contribution, or a reply to one"),
    Action.MODERATION_FLAG: N_("A reader flagged a contribution, or a reply to one"),
    Action.MODERATION_KEEP_FLAGGED: N_("What readers had flagged was left as it is"),
    Action.MODERATION_KEEP_WORDS: N_("An author who was asked to rephrase keeps the words as they are"),
    Action.MODERATION_LAPSE: N_("An author who was asked to rephrase did not answer within the term"),
    Action.MODERATION_REPHRASE: N_("An author rephrased a contribution, or a reply to one"),
    Action.MODERATION_UPHOLD: N_("A decision was upheld on appeal"),
    Action.MODERATION_DISMISS_HINT: N_("A hint on the text of a contribution, or of a reply, was put aside"),
    Action.MODERATION_MARK_READ: N_("What was published at once was read by a moderator, and left as it is"),
    Action.MODERATION_PUBLISH: N_("A contribution, or a reply to one, was published"),
    Action.MODERATION_READ_ORIGINAL: N_("What is not shown of a contribution, or of a reply to one, was read"),
    Action.MODERATION_REDACT: N_("A contribution, or a reply to one, was published without some of its words"),
    Action.MODERATION_REOPEN: N_("The last decision on a contribution, or on a reply to one, was taken back"),
    Action.MODERATION_SHOW_ALL: N_("A contribution, or a reply to one, was shown in full again"),
    Action.MODERATION_RESTORE: N_("A contribution, or a reply to one, was restored"),
    Action.MODERATION_WITHHOLD: N_("A contribution, or a reply to one, was withheld"),
    Action.NEWS_CHOOSE: N_("Somebody chose which news they are sent"),
    Action.NEWS_FOLLOW: N_("A passage or a chapter was followed"),
    Action.NEWS_STOP: N_("Letters of news were stopped by the link in one"),
    Action.NEWS_UNFOLLOW: N_("A passage or a chapter is followed no longer"),
    Action.ORGANISATIONS_ACCEPT: N_("An organisation accepted a member"),
    Action.ORGANISATIONS_ACCEPT_INVITATION: N_("An invitation to an organisation was accepted"),
    Action.ORGANISATIONS_ADD: N_("An organisation was added"),
    Action.ORGANISATIONS_CONFIRM: N_("An organisation was confirmed"),
    Action.ORGANISATIONS_CORRECT: N_("An organisation was corrected"),
    Action.ORGANISATIONS_END_MANDATE: N_("A mandate to sign for an organisation ended"),
    Action.ORGANISATIONS_END_MEMBERSHIP: N_("A membership of an organisation was refused or ended"),
    Action.ORGANISATIONS_ENROL: N_("Somebody invited to an organisation made their account"),
    Action.ORGANISATIONS_ENTER: N_("An organisation for which somebody spoke elsewhere was listed"),
    Action.ORGANISATIONS_INVITE: N_("Somebody was invited to an organisation"),
    Action.ORGANISATIONS_INVITE_AGAIN: N_("An invitation to an organisation was sent once more"),
    Action.ORGANISATIONS_JOIN: N_("Somebody asked to join an organisation"),
    Action.ORGANISATIONS_LEAVE: N_("Somebody left an organisation"),
    Action.ORGANISATIONS_MANDATE: N_("Somebody was given a mandate to sign for an organisation"),
    Action.ORGANISATIONS_MERGE: N_("Two entries of one organisation became one"),
    Action.ORGANISATIONS_WITHDRAW_INVITATION: N_("An invitation to an organisation was withdrawn"),
    Action.FORMS_DISCARD: N_("A filled form was discarded"),
    Action.FORMS_LEAVE_ROW: N_("A row of a filled form was left out"),
    Action.FORMS_MAKE_DRAFTS: N_("The rows of a filled form were made drafts"),
    Action.FORMS_PLACE_ROW: N_("A row of a filled form was put to its passage"),
    Action.FORMS_RECEIVE: N_("A filled form was uploaded"),
    Action.OUTREACH_CORRECT_ROW: N_("A row of a list of stakeholders was corrected"),
    Action.OUTREACH_DISCARD: N_("A list of stakeholders was discarded"),
    Action.OUTREACH_ENROL: N_("An account was made by an invitation to contribute"),
    Action.OUTREACH_HOLD: N_("Invitations that waited were held back"),
    Action.OUTREACH_IMPORT_LIST: N_("A list of stakeholders was brought"),
    Action.OUTREACH_LEAVE_OUT: N_("A row of a list of stakeholders was left out"),
    Action.OUTREACH_LEAVE_OUT_DOUBTFUL: N_("The doubtful rows of a list of stakeholders were left out"),
    Action.OUTREACH_NOTE_RETURNED: N_("It was noted that an invitation came back"),
    Action.OUTREACH_OPEN: N_("The page of an invitation to contribute was used"),
    Action.OUTREACH_REFUSE: N_("Further invitations were refused"),
    Action.OUTREACH_SEND: N_("Invitations to contribute were sent"),
    Action.OUTREACH_TAKE: N_("The rows of a list of stakeholders were kept"),
    Action.OUTREACH_TAKE_UP: N_("An invitation to contribute was taken up"),
    Action.PRIVACY_FORGET: N_("A person was forgotten"),
    Action.PRIVACY_FORGET_ON_REQUEST: N_("A person was forgotten on request"),
    Action.RECEPTION_BRING: N_("A table of what was received was brought"),
    Action.RECEPTION_CHECK: N_("What was typed was found as on the paper"),
    Action.RECEPTION_CLAIM: N_("Somebody took into their account what was typed for them"),
    Action.RECEPTION_CLOSE: N_("A batch of what was received was balanced and closed"),
    Action.RECEPTION_CORRECT: N_("What was typed was corrected after the paper"),
    Action.RECEPTION_ENTER: N_("One of a batch was typed"),
    Action.RECEPTION_ENTER_TABLE: N_("The rows of a table are entered"),
    Action.RECEPTION_REGISTER: N_("A batch of what was received was registered"),
    Action.RECEPTION_SET_ASIDE: N_("Some of a batch were set aside"),
    Action.SYNTHESIS_ADD_ITEM: N_("An item of the synthesis was begun"),
    Action.SYNTHESIS_ATTACH: N_("Contributions were gathered into an item"),
    Action.SYNTHESIS_DETACH: N_("A contribution was taken out of an item"),
    Action.SYNTHESIS_DROP_ITEM: N_("An empty item was removed"),
    Action.SYNTHESIS_EDIT_ITEM: N_("An item was written"),
    Action.SYNTHESIS_EDIT_POINT: N_("A request of a contribution was put elsewhere"),
    Action.SYNTHESIS_REJOIN: N_("The requests of a contribution were joined again"),
    Action.SYNTHESIS_REOPEN: N_("A synthesis was reopened"),
    Action.SYNTHESIS_SPLIT: N_("A contribution was split into requests"),
    Action.SYNTHESIS_VALIDATE: N_("A synthesis was validated"),
}
TAKEN_OVER = N_("Rows of an earlier version were recorded as they were")
BY_NAME = {name: act for act in ACTS for name in (act.value, *FORMER_NAMES.get(act, ()))}


# The same act on a contribution or on a reply, by the table of what came of it.
PRECISELY: dict[tuple[str, str], str] = {
    ("moderation.publish", "moderation_decision"): N_("A contribution was published"),
    ("moderation.restore", "moderation_decision"): N_("A contribution was restored"),
    ("moderation.withhold", "moderation_decision"): N_("A contribution was withheld"),
    ("moderation.publish", "reply_decision"): N_("A reply to a contribution was published"),
    ("moderation.restore", "reply_decision"): N_("A reply to a contribution was restored"),
    ("moderation.withhold", "reply_decision"): N_("A reply to a contribution was withheld"),
}


def act_in_words(name: str, subject: str = "") -> str:
    """Of an event's action on a row of the table ``subject``, former names included; the name itself where no version of today knows it."""
    if precise := PRECISELY.get((name, subject)):
        return gettext(precise)
    if name == TAKE_OVER:
        return gettext(TAKEN_OVER)
    return gettext(ACTS[BY_NAME[name]]) if name in BY_NAME else name


def about_in_words(details: dict[str, Any]) -> str:
    """Which one it was: the contribution's reference, the chapter and version, the organisation's name, the item's number."""
    if "ref" in details:
        return str(details["ref"])
    said = []
    if "chapter" in details:
        said.append(gettext("Chapter %(number)s", number=details["chapter"]))
    if "organisation" in details:
        said.append(str(details["name"]))
    if "language" in details and "number" in details:
        said.append(gettext("version %(number)s (%(language)s)", number=details["number"], language=details["language"]))
    return " · ".join(said)
