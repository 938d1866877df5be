from consult.core.web import room

bp = room("synthesis")


@bp.get("/workbench")
@bp.get("/workbench/<int:number>")
def workbench(number: int = 1):
    return ""


@bp.get("/read/<int:number>")
def read(number: int):
    return ""
