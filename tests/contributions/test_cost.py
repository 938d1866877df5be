"""What a lodging and its letter ask of the database: each statement is paid by everybody who lodges in the same minute."""


from consult.contributions import jobs as letters
from consult.core.db import session, unit_of_work
from tests.contributions.browsing import FILLED, address, form_of
from tests.contributions.test_service import lodge


def test_a_lodging_asks_little(client, participant, block, count_queries):
    values, at, answers = form_of(client.sign_in(participant).get(address(block))), address(block), []
    asked = count_queries(lambda: answers.append(client.post(at, data={**values, **FILLED, "act": "submit"})))
    assert [answer.status_code for answer in answers] == [303]
    # The author, the passage, a kept text, the same words before; number, contribution, receipt, job, event; is the revision the newest.
    # The counts of the passage, of the chapter and of the organisation; for whom the author speaks and the dates, again; with which
    # mandate. Where the journal stands; the contribution, the receipt and the declaration as they were written, for their digests.
    # PostgreSQL waits for the author and the course.
    assert asked <= 22


def test_a_letter_asks_little(participant, block, count_queries):
    contribution_id = lodge(participant, block).id
    session.commit()

    def tell() -> None:
        conclude = letters.send_receipt(contribution_id)
        with unit_of_work():
            conclude()
    assert count_queries(tell) <= 5


def test_a_written_receipt_is_left_alone(participant, block):
    contribution_id = lodge(participant, block).id
    session.commit()
    with unit_of_work():
        letters.send_receipt(contribution_id)()
    assert letters.send_receipt(contribution_id) is None


def test_a_damaged_name_of_a_kept_text_is_not_asked_for(client, participant, block):
    values = form_of(client.sign_in(participant).get(address(block)))
    answer = client.post(address(block), data={**values, **FILLED, "draft": "no\x00name", "act": "submit"})
    assert answer.status_code == 303
