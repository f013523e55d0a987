"""Personal data at rest: AES-256-GCM for what is read back, keyed hashes for what is looked up.

`settings.FIELD_KEY` holds one or several 256-bit keys, `keyid:base64`, separated by commas; a bare base64 text is
the key with the id "1". The FIRST key writes, all of them read. The LAST one also feeds `blind_index`. To rotate, put
the new key in front, restart, run `manage.py rotate_keys`, and leave the last key in its place: without it no stored
index is found.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import AEADDecryptionContext, AEADEncryptionContext, Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django import forms
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

VERSION = 1
NONCE_BYTES, TAG_BYTES, MARK_BYTES = 12, 16, 4
KEY_ID = re.compile(r"[A-Za-z0-9_.\-]{1,32}")


class CryptoError(Exception):
    """Sealed data cannot be opened. Messages never carry the data."""


class WrongKey(CryptoError):
    """The data was sealed with a key that FIELD_KEY does not hold."""


class BadToken(CryptoError):
    """The data is no sealed token, was altered, or belongs to another context."""


class BadKey(ImproperlyConfigured):
    """FIELD_KEY is missing or malformed."""


class LookupRefused(FieldError):
    """Encrypted columns cannot be searched."""


class _Key:
    __slots__ = ("id", "secret", "mark", "cipher", "header")

    def __init__(self, key_id: str, secret: bytes):
        self.id = key_id
        self.secret = secret
        # Tells a wrong key from damaged data, without saying anything about the key.
        self.mark = hmac.digest(secret, b"key mark", hashlib.sha256)[:MARK_BYTES]
        self.cipher = AESGCM(secret)
        self.header = bytes([VERSION, len(key_id)]) + key_id.encode() + self.mark


def new_key() -> str:
    """Return a fresh random key as base64, fit for FIELD_KEY."""
    return base64.b64encode(os.urandom(32)).decode()


def check_key() -> None:
    """Raise BadKey unless settings.FIELD_KEY can be used."""
    _keys()


def seal(data: bytes, aad: bytes = b"") -> bytes:
    """Encrypt with the writing key: version, key id, key mark, nonce, ciphertext. `aad` must be given to unseal."""
    key = _keys()[0]
    nonce = os.urandom(NONCE_BYTES)
    return key.header + nonce + key.cipher.encrypt(nonce, bytes(data), key.header + aad)


def sealing(aad: bytes = b"") -> tuple[bytes, AEADEncryptionContext]:
    """`seal` a piece at a time: what the token begins with, and the cipher, whose `tag` ends it."""
    key = _keys()[0]
    nonce = os.urandom(NONCE_BYTES)
    cipher = Cipher(AES(key.secret), GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(key.header + aad)
    return key.header + nonce, cipher


def unsealing(begin: bytes, tag: bytes, aad: bytes = b"") -> tuple[int, AEADDecryptionContext]:
    """`unseal` a piece at a time: where the ciphertext begins, and the cipher; its `finalize` raises `InvalidTag`.

    `begin` is the beginning of the token, `tag` its last bytes. Nothing may be used before the whole was proven.
    """
    key_id, start = _header(begin)
    header, nonce = begin[:start], begin[start : start + NONCE_BYTES]
    for key in _keys():
        if key.id == key_id and key.mark == header[-MARK_BYTES:]:
            cipher = Cipher(AES(key.secret), GCM(nonce, tag)).decryptor()
            cipher.authenticate_additional_data(header + aad)
            return start + NONCE_BYTES, cipher
    raise WrongKey(f"no key {key_id!r} in FIELD_KEY opens this data")


def unseal(token: bytes, aad: bytes = b"") -> bytes:
    """Decrypt a token made by `seal`. Raises WrongKey or BadToken."""
    token = bytes(token)
    key_id, start = _header(token)
    header, nonce, body = token[:start], token[start : start + NONCE_BYTES], token[start + NONCE_BYTES :]
    for key in _keys():
        if key.id == key_id and key.mark == header[-MARK_BYTES:]:
            try:
                return key.cipher.decrypt(nonce, body, header + aad)
            except InvalidTag:
                raise BadToken("sealed data was altered or belongs elsewhere") from None
    raise WrongKey(f"no key {key_id!r} in FIELD_KEY opens this data")


def key_id(token: bytes) -> str:
    """Return the id of the key that sealed the token, to find rows for rotation. Raises BadToken."""
    return _header(bytes(token))[0]


def key_ids() -> list[str]:
    """The ids of the keys of FIELD_KEY, the writing one first, the one of the indexes last."""
    return [key.id for key in _keys()]


def headers() -> list[bytes]:
    """What the tokens of each key begin with, in the order of FIELD_KEY."""
    return [key.header for key in _keys()]


def blind_index(kind: str, normalised: str) -> str:
    """Return 32 hex digits that are equal for equal values, for lookup by exact match ("" stays "").

    `kind` separates the key ("phone", "email"): the same text has another index in every kind. `normalised` must be in
    one written form, such as E.164.
    """
    if not normalised:
        return ""
    return hmac.digest(_index_key(_field_key(), kind), normalised.encode(), hashlib.sha256).hex()[:32]


def _header(token: bytes) -> tuple[str, int]:
    """Return (key id, position of the nonce)."""
    if len(token) < 2 or token[0] != VERSION:
        raise BadToken("not sealed data")
    start = 2 + token[1] + MARK_BYTES
    if len(token) < start + NONCE_BYTES + TAG_BYTES:
        raise BadToken("sealed data is cut short")
    try:
        return token[2 : 2 + token[1]].decode("ascii"), start
    except UnicodeDecodeError:
        raise BadToken("not sealed data") from None


def _field_key() -> str:
    value = getattr(settings, "FIELD_KEY", "")
    if not value:
        raise BadKey("FIELD_KEY is not set")
    return value


def _keys() -> tuple[_Key, ...]:
    return _parse(_field_key())


@lru_cache(maxsize=16)
def _parse(value: str) -> tuple[_Key, ...]:
    keys = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, colon, text = part.rpartition(":")
        if not colon:
            name = "1"
        try:
            secret = base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise BadKey("FIELD_KEY holds a key that is not base64") from None
        if not KEY_ID.fullmatch(name) or len(secret) != 32:
            raise BadKey("FIELD_KEY needs keys of 32 bytes as keyid:base64, separated by commas")
        keys.append(_Key(name, secret))
    if not keys or len({key.id for key in keys}) != len(keys):
        raise BadKey("FIELD_KEY holds no key, or two with the same id")
    return tuple(keys)


@lru_cache(maxsize=64)
def _index_key(field_key: str, kind: str) -> bytes:
    root = _parse(field_key)[-1].secret
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"blind index:" + kind.encode()).derive(root)


class EncryptedField(models.Field):
    """A column of sealed bytes. `context` binds values to their purpose: they do not open in a field of another one.

    It is written out rather than taken from the model, so that history tables and renamed columns read the same data.
    """

    description = _("Encrypted value")

    def __init__(self, *args, context: str = "", **kwargs):
        self.context = context
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if self.context:
            kwargs["context"] = self.context
        return name, path, args, kwargs

    def check(self, **kwargs):
        found = super().check(**kwargs)
        if self.unique or self.db_index:  # type: ignore[attr-defined]
            found.append(checks.Error("An encrypted field cannot be indexed.", obj=self, id="core.E001"))
        return found

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_lookup(self, lookup_name):
        if lookup_name != "isnull":
            raise LookupRefused(f"{self.name} is encrypted and cannot be searched by {lookup_name}: use a blind index.")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name):
        raise LookupRefused(f"{self.name} is encrypted and has no {lookup_name}.")

    def get_db_prep_value(self, value, connection, prepared=False):
        if value is None:
            return None
        data = b"" if value in ("", b"") else seal(self.to_bytes(value), self.context.encode())
        return connection.Database.Binary(data)

    def from_db_value(self, value, expression, connection):
        if value is None:
            return None
        token = bytes(value)
        return self.from_bytes(unseal(token, self.context.encode()) if token else b"")

    def to_bytes(self, value: Any) -> bytes:
        raise NotImplementedError

    def from_bytes(self, data: bytes) -> Any:
        raise NotImplementedError


class EncryptedTextField(EncryptedField):
    """Text, sealed at rest. "" stays "", None stays None; `max_length` is checked by forms and full_clean."""

    description = _("Encrypted text")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def to_python(self, value):
        return value if value is None or isinstance(value, str) else str(value)

    def to_bytes(self, value) -> bytes:
        return str(value).encode()

    def from_bytes(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise BadToken(f"{self.name} holds no text") from None

    def formfield(self, **kwargs):
        widget = {} if self.max_length is not None else {"widget": forms.Textarea}
        return super().formfield(**{"max_length": self.max_length, **widget, **kwargs})


class EncryptedJSONField(EncryptedField):
    """Any JSON value, sealed at rest; None is stored as NULL. Dates come back as text."""

    description = _("Encrypted JSON")
    empty_strings_allowed = False

    def get_db_prep_value(self, value, connection, prepared=False):
        if value is None:
            return None
        return connection.Database.Binary(seal(self.to_bytes(value), self.context.encode()))

    def to_bytes(self, value) -> bytes:
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()

    def from_bytes(self, data: bytes) -> Any:
        try:
            return json.loads(data)
        except ValueError:
            raise BadToken(f"{self.name} holds no JSON") from None

    def value_to_string(self, obj):
        return self.value_from_object(obj)

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": forms.JSONField, "encoder": DjangoJSONEncoder, **kwargs})


class EncryptedBinaryField(EncryptedField):
    """Bytes, sealed at rest."""

    description = _("Encrypted bytes")
    empty_values = [None, b""]

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if self.editable:
            kwargs["editable"] = True
        else:
            kwargs.pop("editable", None)
        return name, path, args, kwargs

    def get_default(self):
        default = super().get_default()
        return b"" if default == "" else default

    def to_python(self, value):
        return base64.b64decode(value) if isinstance(value, str) else value

    def to_bytes(self, value) -> bytes:
        return bytes(value)

    def from_bytes(self, data: bytes) -> bytes:
        return data

    def value_to_string(self, obj) -> str:
        value: Any = self.value_from_object(obj)
        return base64.b64encode(bytes(value or b"")).decode()
