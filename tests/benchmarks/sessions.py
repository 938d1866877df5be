"""Signed-in readers for the load: session cookies of real accounts, and the scripts that make wrk use them."""

import hashlib
import json
from pathlib import Path

import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer

from consult import create_app
from consult.accounts.models import User
from consult.accounts.service import open_session
from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.consultations.models import Appointment
from consult.core.config import Config
from consult.core.db import session, unit_of_work

RAW_TOKEN = "b" * 40
# Flask-Login's mark of the browser that signed in: wrk, from this machine, which names itself not.
BROWSER = hashlib.sha512(b"127.0.0.1|None").hexdigest()

READ = """
local cookies = {cookies}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", nil, {{["Cookie"] = cookies[n % #cookies + 1]}})
end
"""
LODGE = """
local cookies = {cookies}
local passages = {passages}
local n = 0
math.randomseed({seed})
local run = tostring(math.random(1, 1000000000))
request = function()
  n = n + 1
  local passage = passages[n % #passages + 1]
  local body = "csrf_token={token}&position=in_favour&kind=comment&comment_type=general&speak_as=self&block_id=" .. passage[2]
    .. "&form_key=bench-" .. run .. "-" .. n
    .. "&body=Nous+partageons+cette+orientation.+Il+faudrait+toutefois+en+dire+le+co%C3%BBt+et+le+calendrier+(" .. run .. "-" .. n .. ")."
  local headers = {{["Cookie"] = cookies[n % #cookies + 1], ["Content-Type"] = "application/x-www-form-urlencoded"}}
  return wrk.format("POST", passage[1], headers, body)
end
response = function(status, headers, body)
  if status ~= 303 then io.stderr:write("status " .. status .. "\\n") end
end
"""


def scripts(data: Path, readers: int = 50, *, database: str = "", chapters: int = 1) -> tuple[str, str]:
    """Paths of wrk's scripts: (read as fifty people in turn, lodge as fifty people in turn on the first passages of these chapters)."""
    app = create_app(Config(data_dir=str(data), database_url=database, log_level="ERROR"))
    sign = app.session_interface.get_signing_serializer(app).dumps
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(RAW_TOKEN)
    with app.app_context(), unit_of_work():
        people = sa.select(User).where(User.id.not_in(sa.select(Appointment.user_id)))
        keys = [open_session(person) for person in session.scalars(people.order_by(User.id).limit(readers)).all()]
        passages = [first_action(number) for number in range(1, chapters + 1)]
    cookies = [f"consult={sign({'_id': BROWSER, '_user_id': key, '_fresh': True, 'csrf_token': RAW_TOKEN})}" for key in keys]
    table = "{" + ", ".join(json.dumps(cookie) for cookie in cookies) + "}"
    said = "{" + ", ".join(f'{{"/fr/contributions/lodge/{number}/{key}", "{block}"}}' for number, key, block in passages) + "}"
    read, lodge = data / "read.lua", data / f"lodge-{chapters}.lua"
    read.write_text(READ.format(cookies=table))
    lodge.write_text(LODGE.format(cookies=table, passages=said, token=token, seed="os.time()"))
    return str(read), str(lodge)


def first_action(number: int) -> tuple[int, str, int]:
    """(chapter, key, id) of the first passage of a chapter in French on which people act."""
    first = (
        sa.select(Block.key, Block.id).join(Block.revision).join(Revision.chapter)
        .where(Chapter.number == number, Revision.language == "fr", Block.kind == BlockKind.ACTION)
        .order_by(Revision.number.desc(), Block.position)
    )
    key, block = session.execute(first.limit(1)).one()
    return number, key, block
