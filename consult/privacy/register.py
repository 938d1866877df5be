"""The register of processing (law 09-08): made of the table of what is held, of the periods, of the consultation and of the settings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from consult.consultations.models import Consultation
from consult.core.config import Config
from consult.core.i18n import N_, gettext
from consult.privacy.holdings import Subject


@dataclass(frozen=True)
class Processing:
    """One purpose, whom it is about, and what of them it uses."""

    purpose: str
    ground: str
    people: str
    subjects: tuple[Subject, ...]
    recipients: str = ""  # beside those whom the consultation names


PARTICIPANTS, STAFF, EVERYBODY = N_("Participants"), N_("People in charge of the consultation"), N_("Participants and people in charge")
MISSION = N_("Mission of public interest (law 09-08, article 4, d)")
REGISTER: tuple[Processing, ...] = (
    Processing(N_("To know who contributes, and on whose behalf"), MISSION, PARTICIPANTS,
               (Subject.ACCOUNT, Subject.REGISTRATION, Subject.MEMBERSHIPS, Subject.MANDATES),
               N_("The public, where the person agreed to be named")),
    Processing(N_("To ask those concerned for their opinion"), MISSION, N_("People whose address stands in a list of the secretariat"),
               (Subject.INVITED,), N_("The mail server of the platform")),
    Processing(N_("To receive, publish and answer contributions"), MISSION, PARTICIPANTS,
               (Subject.CONTRIBUTIONS, Subject.ELSEWHERE, Subject.REPLIES, Subject.SUPPORTS, Subject.FLAGS, Subject.ANSWERS,
                Subject.DRAFTS),
               N_("The public, once a moderator has published them")),
    Processing(N_("To let the members of an organisation prepare its position"), MISSION, PARTICIPANTS, (Subject.OFFERED,),
               N_("Members of that organisation")),
    Processing(N_("To write to people about what they said, or have to do"), MISSION, EVERYBODY,
               (Subject.LETTERS, Subject.FOLLOWS, Subject.FAULTS), N_("The mail server of the platform")),
    Processing(N_("To moderate, to answer and to decide"), MISSION, STAFF, (Subject.ROLES, Subject.ACTS), N_("The public, by function")),
    Processing(N_("To keep accounts safe, and to show that nothing was changed unseen"),
               N_("Legal obligation (law 05-20; law 09-08, article 23)"), EVERYBODY,
               (Subject.SESSIONS, Subject.PASSKEYS, Subject.IDENTITIES, Subject.JOURNAL), N_("Auditors")),
    Processing(N_("To carry out the rights of people"), N_("Legal obligation (law 09-08, articles 7 to 9)"), EVERYBODY,
               (Subject.ERASURES,), N_("The CNDP, on request")),
)

Measure = tuple[str, Callable[[Config], bool]]
MEASURES: tuple[Measure, ...] = (
    (N_("Everything travels encrypted (https)"), lambda config: config.is_https),
    (N_("Letters leave encrypted"), lambda config: config.mail_url.startswith("smtps:") or "starttls=1" in urlsplit(config.mail_url).query),
    (N_("Passwords are kept as argon2id alone; sessions, and keys of letters, as digests"), lambda _config: True),
    (N_("Who may do what is one table, asked at each act"), lambda _config: True),
    (N_("Each act leaves an event in a journal that is chained and published"), lambda _config: True),
    (N_("Attempts are counted and limited, by digests alone"), lambda _config: True),
    (N_("No service and no file of others is called by any page"), lambda _config: True),
    (N_("What is over is deleted by itself, by one table of periods"), lambda _config: True),
    (N_("What is erased is overwritten in the database"), lambda config: config.database.startswith("sqlite")),
)


def list_measures(config: Config) -> Iterator[tuple[str, bool]]:
    """Each with whether it is in force with the settings of this platform."""
    return ((gettext(words), holds(config)) for words, holds in MEASURES)


def lines(consultation: Consultation, config: Config) -> Iterator[list[str]]:
    """As a table to take away."""
    yield [gettext(heading) for heading in (N_("Purpose"), N_("Legal ground"), N_("People"), N_("Data"), N_("Recipients"), N_("Controller"),
                                            N_("CNDP number"), N_("Measures"))]
    measures = "; ".join(words for words, holds in list_measures(config) if holds)
    for one in REGISTER:
        recipients = [consultation.recipients, gettext(one.recipients) if one.recipients else ""]
        yield [gettext(one.purpose), gettext(one.ground), gettext(one.people), "; ".join(subject.label for subject in one.subjects),
               "; ".join(filter(None, recipients)), consultation.controller, consultation.cndp_number, measures]
