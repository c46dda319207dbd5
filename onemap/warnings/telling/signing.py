"""Signed XML: enveloped XML-DSig with the installation's own key, and the check of signatures of others.

A signature over SHA-1 vouches for nothing any more: such a message counts as unsigned, and is noted as such.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from onemap.core.errors import BadInput

DSIG = "http://www.w3.org/2000/09/xmldsig#"
FILE = "telling.pem"
_YEARS = 10
Signature = Literal["none", "weak", "valid", "trusted"]


@lru_cache(maxsize=8)
def key_of(home: Path | None) -> tuple[str, str]:
    """Key and certificate as PEM text: the data folder's own, made at first use, readable by its owner alone.

    Safe when two processes start at once. Without a folder: a pair of this process alone.
    """
    if home is None:
        return _make()
    home.mkdir(parents=True, exist_ok=True)
    handle = os.open(home / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        if not text:
            text = "".join(_make())
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    key, mark, certificate = text.partition("-----BEGIN CERTIFICATE-----")
    return key, mark + certificate


def certificate_of(home: Path | None) -> str:
    """The certificate that messages are signed with, as PEM text."""
    return key_of(home)[1]


def signed(alert: etree._Element, home: Path | None) -> bytes:
    """The message as bytes with its signature as the last element."""
    key, certificate = key_of(home)
    signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
    done = signer.sign(alert, key=_loaded(key), cert=[_certificate(certificate)])
    return etree.tostring(done, xml_declaration=True, encoding="UTF-8")


def check(alert: etree._Element, home: Path | None = None) -> Signature:
    """How far the signature of a message vouches for it.

    "valid": whole and by the key that it carries; "trusted": by a certificate in `<home>/trusted/*.pem`; "weak": over
    SHA-1. Raises BadInput (reason "signature") for one that is broken, or that does not sign the message as a whole.
    """
    found = alert.findall(f"{{{DSIG}}}Signature")
    if not found:
        return "none"
    if len(found) > 1:
        raise BadInput("The message has several signatures.", reason="signature")
    named = [*found[0].iter(f"{{{DSIG}}}SignatureMethod"), *found[0].iter(f"{{{DSIG}}}DigestMethod")]
    if any("sha1" in str(one.get("Algorithm")).lower() for one in named):
        return "weak"
    for certificate in _trusted(home):
        if _verifies(alert, certificate):
            return "trusted"
    if not _verifies(alert, None):
        raise BadInput("The signature of the message does not fit it: it was changed on the way.", reason="signature")
    return "valid"


def _verifies(alert: etree._Element, certificate: x509.Certificate | None) -> bool:
    config = SignatureConfiguration(require_x509=False, location="./")
    try:
        if certificate is None:
            certificate = _carried(alert)
        result = XMLVerifier().verify(alert, x509_cert=certificate, expect_config=config)
    except (SignXMLException, InvalidSignature, ValueError, TypeError):
        return False
    covered = result[0] if isinstance(result, list) else result
    return covered.signed_xml is not None and covered.signed_xml.tag == alert.tag


def _carried(alert: etree._Element) -> x509.Certificate | None:
    """The certificate in the message: who it is from we cannot know, but that it is whole we can."""
    text = alert.findtext(f".//{{{DSIG}}}X509Certificate")
    if not text:
        return None
    return _certificate(f"-----BEGIN CERTIFICATE-----\n{text.strip()}\n-----END CERTIFICATE-----\n")


def _trusted(home: Path | None) -> list[x509.Certificate]:
    if home is None or not (home / "trusted").is_dir():
        return []
    found = []
    for path in sorted((home / "trusted").glob("*.pem"))[:100]:
        found += x509.load_pem_x509_certificates(path.read_bytes())
    return found


@lru_cache(maxsize=8)
def _loaded(key: str) -> rsa.RSAPrivateKey:
    loaded = serialization.load_pem_private_key(key.encode(), password=None)
    assert isinstance(loaded, rsa.RSAPrivateKey)  # noqa: S101  (we made it)
    return loaded


@lru_cache(maxsize=32)
def _certificate(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _make() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "onemap warnings")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return pem, certificate.public_bytes(serialization.Encoding.PEM).decode()
