"""Where letters are written."""

import ast

from tests.house.source import modules


def test_letters_are_posted_in_one_place():
    """A letter that a room posts by itself: word it for ``tell`` or ``tell_each`` of consult/core/mail.py. Those that hold a key which
    lets somebody in are written by the act that makes the key, and what tells that a way to sign in was changed, which nothing undoes, or
    of what was done inside an organisation to the one member whom it concerns.
    """
    own = {
        path for path, tree in modules().items() for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("write", "post")
        and getattr(node.func.value, "id", "") == "mail"
    }
    assert own == {"consult/accounts/service/inviting.py", "consult/organisations/service/belonging.py",
                   "consult/contributions/service/offering.py",
                   *(f"consult/accounts/{name}.py" for name in ("signin", "service/factors", "service/identities"))}
