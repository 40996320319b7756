"""A certificate of this server's own, for phones on the home network: browsers give the camera to https pages only.

In: a folder and this machine's addresses. Out: the paths of certificate and key, made once and kept while they hold for
the same addresses. The key is readable by its owner alone.

iOS lets its owner trust an authority only, never a mere server. So a small authority signs the server's certificate and
its key is forgotten at once: who trusts it trusts this one certificate, for nobody can ever sign another by it.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: What browsers take at most (398 days), less a day for clocks that differ.
LASTS = datetime.timedelta(days=397)

#: A certificate that ends sooner is made anew at the start.
LEAST_LEFT = datetime.timedelta(days=30)

#: What a phone installs and trusts.
FOR_PHONES = "certificate-for-phones.crt"

EVERY_ADDRESS = {"0.0.0.0": (socket.AF_INET, "127.0.0.1", "192.0.2.1"), "::": (socket.AF_INET6, "::1", "2001:db8::1")}

#: Linux's question for an interface's IPv4 address; the answer holds it in these bytes (`man 7 netdevice`).
SIOCGIFADDR, ADDRESS_BYTES = 0x8915, slice(20, 24)


def own_certificate(folder: Path, addresses: list[str]) -> tuple[Path, Path]:
    """Certificate (and the one that signed it) and key in ``folder``, PEM files valid for ``addresses``, localhost."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "certificate-key.pem"
    if not holds(certificate, key, folder / FOR_PHONES, addresses):
        make(certificate, key, folder / FOR_PHONES, addresses)
    return certificate, key


def holds(certificate: Path, key: Path, for_phones: Path, addresses: list[str]) -> bool:
    """Whether the certificate names all ``addresses``, is signed by the authority for phones, and lasts a while."""
    try:
        known, authority = x509.load_pem_x509_certificates(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        is_trusted = x509.load_pem_x509_certificate(for_phones.read_bytes()) == authority
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    left = known.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    is_whole = is_trusted and known.public_key() == secret.public_key()
    return is_whole and {*names}.issuperset(map(alternative, addresses)) and left > LEAST_LEFT


def make(certificate: Path, key: Path, for_phones: Path, addresses: list[str]) -> None:
    """Write a new key, its certificate, and the authority that signed it; the authority's own key is kept nowhere."""
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
    """A certificate for ``secret``: a server's at ``addresses``; without an ``authority``, one itself."""
    is_authority = authority is None
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if is_authority else authority.subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_secret.public_key()), critical=False
        )
    )
    if not is_authority:
        names = [alternative(one) for one in dict.fromkeys(["localhost", *addresses])]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(authority_secret, hashes.SHA256())


def usage(is_authority: bool) -> x509.KeyUsage:
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


def alternative(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def home_addresses(host: str) -> list[str]:
    """Where a server that listens on ``host`` is found: there; or, where that stands for every address, at this
    machine's own on its networks, loopback first. Nothing is sent to find them."""
    if host not in EVERY_ADDRESS:
        return [host]
    family, loopback, far = EVERY_ADDRESS[host]
    of_interfaces = interface_addresses() if family == socket.AF_INET else ()
    return list(dict.fromkeys([loopback, *way_out(family, far), *of_interfaces, *named_addresses(family)]))


def way_out(family: int, far: str) -> Iterator[str]:
    """This machine's address on the way to ``far``, where there is one."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))  # a datagram socket only looks up the way; the addresses are for examples
            yield probe.getsockname()[0].partition("%")[0]
        except OSError:
            pass  # no network


def interface_addresses() -> Iterator[str]:
    """The IPv4 address of each of this machine's interfaces; elsewhere than on Linux none can be asked for."""
    if sys.platform != "linux":
        return
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            asked = struct.pack("256s", name.encode())
            with contextlib.suppress(OSError):  # it has none
                yield socket.inet_ntoa(fcntl.ioctl(probe.fileno(), SIOCGIFADDR, asked)[ADDRESS_BYTES])


def named_addresses(family: int) -> Iterator[str]:
    """What this machine's own name stands for, as far as it can be opened here; a file may hold an old address."""
    try:
        told = socket.getaddrinfo(socket.gethostname(), None, family, socket.SOCK_STREAM)
    except OSError:
        return
    for one in told:
        found = ipaddress.ip_address(one[4][0].partition("%")[0])
        # Debian lets the name stand for 127.0.1.1; and a link's own IPv6 address is no browser's.
        if not (found.is_loopback or found.is_link_local) and is_own(family, str(found)):
            yield str(found)


def is_own(family: int, address: str) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
