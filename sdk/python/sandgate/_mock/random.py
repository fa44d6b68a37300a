"""`random`, from the system."""

import secrets


def bytes(length: int) -> bytes:
    return secrets.token_bytes(min(length, 4096))


def number() -> int:
    return secrets.randbits(64)
