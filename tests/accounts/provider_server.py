"""A real OpenID provider for the tests: idpyoidc's, behind the few lines of HTTP that it leaves to others.

``python -m tests.accounts.provider_server PORT CLIENT_ID SECRET BACK OUT`` serves on 127.0.0.1 until it is stopped. What it says of people,
and when it renews its keys, the tests tell it at ``/control`` (a JSON object).
"""

import json
import logging
import secrets
import sys
from urllib.parse import urlencode

from cryptojwt.key_bundle import build_key_bundle
from cryptojwt.key_jar import build_keyjar
from idpyoidc.server import Server
from idpyoidc.server.authn_event import create_authn_event
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.user_authn.user import UserAuthnMethod
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

KEYS = [{"type": "RSA", "use": ["sig"], "bits": 2048}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]
PLAIN, TWICE = "urn:example:password", "urn:example:two-factors"
WAITING: dict[str, dict] = {}  # who is asked for their name at this moment: what the platform asked for
PAGE = """<!doctype html><html lang="en"><title>Example identity</title><h1>Example identity</h1>
<form method="post" action="/verify"><input type="hidden" name="token" value="{token}">
<label for="who">Name</label> <input id="who" name="who"> <button>Yes</button> <button name="refuse" value="1">No</button></form>"""


class AskForName(UserAuthnMethod):
    """Whoever says a name is that person: it is the protocol that is tried here, not how the provider knows people."""

    def __call__(self, **asked):
        token = secrets.token_urlsafe()
        WAITING[token] = asked
        return PAGE.format(token=token)


def configuration(issuer: str) -> dict:
    endpoint = "idpyoidc.server.oidc."
    return {
        "issuer": issuer, "key_conf": {"key_defs": KEYS},
        "preference": {"subject_types_supported": ["public"], "response_types_supported": ["code"], "response_modes_supported": ["query"],
                       "id_token_signing_alg_values_supported": ["RS256", "ES256"], "acr_values_supported": [PLAIN, TWICE]},
        "endpoint": {
            "provider_config": {"path": ".well-known/openid-configuration", "class": f"{endpoint}provider_config.ProviderConfiguration"},
            "authorization": {"path": "authorization", "class": f"{endpoint}authorization.Authorization"},
            "token": {"path": "token", "class": f"{endpoint}token.Token",
                      "kwargs": {"client_authn_method": ["client_secret_basic", "client_secret_post"]}},
            "userinfo": {"path": "userinfo", "class": f"{endpoint}userinfo.UserInfo"},
            "end_session": {"path": "session", "class": f"{endpoint}session.Session", "kwargs": {
                "logout_verify_url": f"{issuer}/verify_logout", "post_logout_uri_path": "out", "signing_alg": "RS256"}},
        },
        "token_handler_args": {
            "code": {"lifetime": 600}, "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": 600}},
            "id_token": {"class": "idpyoidc.server.token.id_token.IDToken", "kwargs": {}}},
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {}}},
        "authentication": {
            name: {"acr": acr, "class": AskForName, "kwargs": {}} for name, acr in (("plain", PLAIN), ("twice", TWICE))},
        "add_ons": {"pkce": {"function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                             "kwargs": {"essential": True}}},
        "cookie_handler": {"class": "idpyoidc.server.cookie_handler.CookieHandler", "kwargs": {
            "keys": {"key_defs": [{"type": "oct", "kid": "enc", "use": ["enc"]}, {"type": "oct", "kid": "sig", "use": ["sig"]}]},
            "name": {"session": "op_session", "register": "op_register", "session_management": "op_management"}}},
    }


class Provider:
    def __init__(self, issuer: str, client_id: str, secret: str, back: str, out: str) -> None:
        self.server = Server(OPConfiguration(conf=configuration(issuer)), keyjar=build_keyjar(KEYS))
        self.context = self.server.context
        self.renew()
        self.context.provider_info["jwks_uri"] = f"{issuer}/jwks"
        self.context.cdb[client_id] = {
            "client_id": client_id, "client_secret": secret, "redirect_uris": [(back, {})], "post_logout_redirect_uris": [(out, {})],
            "token_endpoint_auth_method": "client_secret_basic", "response_types_supported": ["code"],
            "allowed_scopes": ["openid", "email", "profile"], "id_token_signed_response_alg": "RS256"}
        self.server.keyjar.add_symmetric(client_id, secret)
        self.context.session_manager.sub_func = {"public": lambda who, **_values: who}
        self.asked: list[str] = []

    def __call__(self, environ, start):
        request = Request(environ)
        self.asked.append(request.path)
        known = {"/.well-known/openid-configuration": "provider_config", "/token": "token", "/userinfo": "userinfo",
                 "/authorization": "authorization", "/session": "session"}
        if request.path in known:
            response = self.endpoint(known[request.path], request)
        else:
            response = getattr(self, request.path.strip("/").replace(".", "_") or "home")(request)
        return response(environ, start)

    def endpoint(self, name: str, request: Request) -> Response:
        endpoint = self.server.get_endpoint(name)
        http = {"headers": {key.lower(): value for key, value in request.headers.items()}, "method": request.method, "url": request.url,
                "cookie": [{"name": key, "value": value} for key, value in request.cookies.items()]}
        said = request.args.to_dict() if request.method == "GET" else request.form.to_dict()
        try:
            parsed = endpoint.parse_request(said, http_info=http)
            if isinstance(parsed, dict) and "error" in parsed or "error" in parsed:
                return Response(json.dumps(dict(parsed)), 400, content_type="application/json")
            result = endpoint.process_request(parsed, http_info=http)
        except Exception as fault:
            logging.exception("fault")
            return Response(json.dumps({"error": "invalid_request", "error_description": str(fault)}), 400, content_type="application/json")
        return self.respond(endpoint, result, parsed)

    def respond(self, endpoint, result, parsed) -> Response:
        if "http_response" in result:
            return Response(result["http_response"], content_type="text/html")
        if "redirect_location" in result:
            return Response(status=302, headers={"Location": result["redirect_location"]})
        if "error" in result:
            return Response(json.dumps({"error": result["error"]}), 400, content_type="application/json")
        shown = endpoint.do_response(request=parsed, **result)
        if endpoint.response_placement == "url":
            return Response(status=302, headers={"Location": shown["response"]})
        return Response(shown["response"], result.get("response_code", 200), headers=shown["http_headers"])

    def jwks(self, _request: Request) -> Response:
        return Response(json.dumps(self.server.keyjar.export_jwks()), content_type="application/json")

    def verify(self, request: Request) -> Response:
        """The button of its page."""
        asked = WAITING.pop(request.form["token"])
        endpoint = self.server.get_endpoint("authorization")
        wanted = endpoint.request_cls().from_urlencoded(asked["query"])
        if "refuse" in request.form:
            query = urlencode({"error": "access_denied", "state": wanted["state"], "iss": self.context.issuer})
            return Response(status=302, headers={"Location": f"{wanted['redirect_uri']}?{query}"})
        who = request.form["who"]
        event = create_authn_event(uid=who, authn_info=asked["authn_class_ref"], authn_time=None)
        session_id = self.context.session_manager.create_session(
            authn_event=event, auth_req=wanted, user_id=who, client_id=wanted["client_id"])
        return self.respond(endpoint, endpoint.authz_part2(request=wanted, session_id=session_id), wanted)

    def renew(self) -> None:
        """Other keys, under its own name and under that by which it finds them when it reads what it signed."""
        keys = build_key_bundle(KEYS)
        for owner in ("", self.context.issuer):
            if owner in self.server.keyjar:
                del self.server.keyjar[owner]
            self.server.keyjar.add_kb(owner, keys)

    def control(self, request: Request) -> Response:
        said = json.loads(request.get_data())
        self.context.userinfo.db.update(said.get("people", {}))
        if said.get("renew"):
            self.renew()
        asked, self.asked = self.asked, []
        return Response(json.dumps(asked), content_type="application/json")


class Silent(WSGIRequestHandler):
    def log(self, *_words) -> None:
        """Nothing."""


def main() -> None:
    port, client_id, secret, back, out = sys.argv[1:]
    issuer = f"http://127.0.0.1:{port}"
    provider = Provider(issuer, client_id, secret, back, out)
    make_server("127.0.0.1", int(port), provider, threaded=True, request_handler=Silent).serve_forever()


if __name__ == "__main__":
    main()
