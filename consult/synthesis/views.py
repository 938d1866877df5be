from consult.core.web import room

bp = room("synthesis")
