"""Our own certificate: what it names, who can sign, for which addresses."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from feelharmonic.web.security.certificate import FOR_PHONES, own_certificate


def extension(certificate: x509.Certificate, kind: type):
    return certificate.extensions.get_extension_for_class(kind).value


def test_a_certificate_is_reused_for_its_addresses_and_its_key_is_private(tmp_path):
    certificate, key = own_certificate(tmp_path, ["127.0.0.1", "192.0.2.5"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    known, _ = x509.load_pem_x509_certificates(certificate.read_bytes())
    names = extension(known, x509.SubjectAlternativeName)
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "192.0.2.5"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    before = certificate.read_bytes()
    assert own_certificate(tmp_path, ["127.0.0.1"])[0].read_bytes() == before
    assert own_certificate(tmp_path, ["127.0.0.1", "192.0.2.6"])[0].read_bytes() != before


def test_the_authority_for_phones_has_no_stored_key(tmp_path):
    """iOS lists authorities alone; whoever had the key of one could be any site to that phone."""
    certificate, key = own_certificate(tmp_path, ["127.0.0.1"])
    served, chained = x509.load_pem_x509_certificates(certificate.read_bytes())
    authority = x509.load_pem_x509_certificate((tmp_path / FOR_PHONES).read_bytes())
    assert chained == authority
    basic = extension(authority, x509.BasicConstraints)
    assert (basic.ca, basic.path_length) == (True, 0)
    assert extension(authority, x509.KeyUsage).key_cert_sign
    assert not extension(served, x509.BasicConstraints).ca
    assert not extension(served, x509.KeyUsage).key_cert_sign
    served.verify_directly_issued_by(authority)
    secret = serialization.load_pem_private_key(key.read_bytes(), None)
    assert secret.public_key() == served.public_key() != authority.public_key()
    assert {path.name for path in tmp_path.iterdir()} == {certificate.name, key.name, FOR_PHONES}
    assert sum(path.read_bytes().count(b"PRIVATE KEY-----") for path in tmp_path.iterdir()) == 2  # begin and end of one


def lone(folder: Path) -> None:
    """As it was before phones could trust it: one certificate, its own and no authority."""
    certificate = folder / "certificate.pem"
    served, _ = x509.load_pem_x509_certificates(certificate.read_bytes())
    certificate.write_bytes(served.public_bytes(serialization.Encoding.PEM))


def foreign_key(folder: Path) -> None:
    own_certificate(folder / "other", ["127.0.0.1"])[1].replace(folder / "certificate-key.pem")


@pytest.mark.parametrize("damage", [lone, foreign_key, lambda folder: (folder / FOR_PHONES).unlink()])
def test_a_damaged_certificate_is_replaced(tmp_path, damage):
    certificate, key = own_certificate(tmp_path, ["127.0.0.1"])
    damage(tmp_path)
    own_certificate(tmp_path, ["127.0.0.1"])
    served, authority = x509.load_pem_x509_certificates(certificate.read_bytes())
    served.verify_directly_issued_by(authority)
    assert (tmp_path / FOR_PHONES).is_file()
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
