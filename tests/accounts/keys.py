"""A security key without a device: makes and answers as the browser's would, for tests that need no browser."""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self, origin: str = "http://localhost") -> None:
        self.origin, self.host, self.count = origin, origin.partition("://")[2], 0
        self.private, self.id, self.handle = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), ""

    def client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def authenticator_data(self, flags: int, extra: bytes = b"") -> bytes:
        self.count += 1
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count) + extra

    def make(self, options: dict) -> str:
        self.handle = options["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        data = self.authenticator_data(PRESENT | ATTESTED, bytes(16) + struct.pack(">H", len(self.id)) + self.id + public)
        return self.said({
            "attestationObject": b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "clientDataJSON": b64(self.client_data("webauthn.create", options["challenge"])), "transports": ["usb"],
        })

    def answer(self, options: dict, flags: int = PRESENT, handle: str | None = None) -> str:
        data, client = self.authenticator_data(flags), self.client_data("webauthn.get", options["challenge"])
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self.said({"authenticatorData": b64(data), "clientDataJSON": b64(client), "signature": b64(signature), "userHandle": handle})

    def said(self, response: dict) -> str:
        return json.dumps({"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response})
