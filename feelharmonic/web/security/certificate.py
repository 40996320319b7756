"""A certificate for phones on the home network: browsers give the camera to https pages only.

In: a folder and this machine's addresses. Out: the paths of certificate and key, created once and reused while they are
valid for the same addresses. Only the owner can read the key.

iOS trusts certificate authorities only, not a server's own certificate. So an authority is made for this certificate
alone, and its key is never stored: a phone that trusts it trusts no other certificate, as nothing else can be signed.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: The maximum that browsers accept (398 days), less a day for clocks that differ.
VALIDITY = datetime.timedelta(days=397)

#: A certificate that expires sooner is replaced at the start.
MIN_LEFT = datetime.timedelta(days=30)

#: The file that a phone installs and trusts.
FOR_PHONES = "certificate-for-phones.crt"


def own_certificate(folder: Path, addresses: list[str]) -> tuple[Path, Path]:
    """Certificate (and the one that signed it) and key in ``folder``, PEM files valid for ``addresses``, localhost."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "certificate-key.pem"
    if not is_valid(certificate, key, folder / FOR_PHONES, addresses):
        create(certificate, key, folder / FOR_PHONES, addresses)
    return certificate, key


def is_valid(certificate: Path, key: Path, for_phones: Path, addresses: list[str]) -> bool:
    """Whether the certificate names all ``addresses``, is signed by the authority for phones, and does not end soon."""
    try:
        known, authority = x509.load_pem_x509_certificates(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        is_trusted = x509.load_pem_x509_certificate(for_phones.read_bytes()) == authority
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    left = known.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    is_complete = is_trusted and known.public_key() == secret.public_key()
    return is_complete and {*names}.issuperset(map(alternative_name, addresses)) and left > MIN_LEFT


def create(certificate: Path, key: Path, for_phones: Path, addresses: list[str]) -> None:
    """Write a new key, its certificate, and the authority that signed it. The authority's own key is not stored."""
    secret, authority_secret = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = signed("Feelharmonic at home (authority)", authority_secret, None, authority_secret)
    served = signed("Feelharmonic at home", secret, authority, authority_secret, addresses)
    key.unlink(missing_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(
            secret.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    trusted = authority.public_bytes(serialization.Encoding.PEM)
    for_phones.write_bytes(trusted)
    certificate.write_bytes(served.public_bytes(serialization.Encoding.PEM) + trusted)


def signed(
    name: str,
    secret: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate | None,
    authority_secret: ec.EllipticCurvePrivateKey,
    addresses: list[str] | None = None,
) -> x509.Certificate:
    """A certificate for ``secret``: a server's for ``addresses``, or without an ``authority`` an authority's own."""
    is_authority = authority is None
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if authority is None else authority.subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(key_usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_secret.public_key()), critical=False
        )
    )
    if not is_authority:
        names = [alternative_name(one) for one in dict.fromkeys(["localhost", *(addresses or [])])]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(authority_secret, hashes.SHA256())


def key_usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def alternative_name(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)
