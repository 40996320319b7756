"""A certificate of this server's own, for phones on the home network: browsers give the camera to https pages only.

In: a folder and this machine's addresses. Out: the paths of certificate and key, made once and kept while they hold for
the same addresses. The key is readable by its owner alone.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: What browsers take at most (398 days), less a day for clocks that differ.
LASTS = datetime.timedelta(days=397)
#: A certificate that ends sooner is made anew at the start.
LEAST_LEFT = datetime.timedelta(days=30)


def own_certificate(folder: Path, addresses: list[str]) -> tuple[Path, Path]:
    """Certificate and key in ``folder``, as PEM files, valid for ``addresses`` and localhost."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "certificate-key.pem"
    if not (certificate.is_file() and key.is_file() and holds(certificate, addresses)):
        make(certificate, key, addresses)
    return certificate, key


def holds(path: Path, addresses: list[str]) -> bool:
    """Whether the certificate in ``path`` names all ``addresses`` and lasts a while."""
    try:
        known = x509.load_pem_x509_certificate(path.read_bytes())
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    told = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    left = known.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    return told.issuperset(addresses) and left > LEAST_LEFT


def make(certificate: Path, key: Path, addresses: list[str]) -> None:
    """Write a new key and its certificate."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Feelharmonic at home")])
    alternatives = [x509.DNSName("localhost")] + [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    key.unlink(missing_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(
            secret.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def home_addresses() -> list[str]:
    """This machine's own addresses on its networks, loopback first; nothing is sent to find them."""
    found = ["127.0.0.1"]
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((far, 9))  # a datagram socket only looks up the way; the addresses are for examples
                found.append(probe.getsockname()[0].partition("%")[0])
            except OSError:
                continue
    return list(dict.fromkeys(found))
