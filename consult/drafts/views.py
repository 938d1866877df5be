from consult.core.web import room

bp = room("drafts", prefix="")


@bp.get("/")
def home():
    return ""
