"""Keys that somebody holds and the database knows by their digest alone."""

import hashlib


def token_hash(token: str) -> str:
    """What is kept of the token that a browser, or a letter, holds, so that nobody who reads the database can come in with it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
