"""The self-signed P-256 certificate that every peer serves."""

import subprocess

from . import paths

CERTIFICATE, KEY, BOTH = (paths.RUN / f"tls.{end}" for end in ("crt", "key", "pem"))


# fmt: off
_MAKE = [
    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-days", "3650", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-keyout", KEY, "-out", CERTIFICATE,
]
# fmt: on


def ensure():
    """Makes it on first use: certificate, key, and both in one file, as HAProxy wants them."""
    if BOTH.exists():
        return
    paths.RUN.mkdir(exist_ok=True)
    subprocess.run(_MAKE, check=True, capture_output=True)
    BOTH.write_text(CERTIFICATE.read_text() + KEY.read_text())
