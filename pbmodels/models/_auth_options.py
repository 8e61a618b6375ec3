"""What an auth collection allows and sends: `auth=AuthOptions(...)`.

Whatever is not said stays as the server has it, so None everywhere means "not said".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Any

from pbmodels._filter_text import Grammar
from pbmodels.models._rules import Rule, _text

Seconds = int | timedelta
"""A duration: whole seconds, or a timedelta."""


@dataclass(frozen=True)
class EmailTemplate:
    """A mail that the server sends.

    Attributes:
        subject: Its subject.
        body: Its HTML, with placeholders such as `{APP_NAME}`, `{APP_URL}`, `{TOKEN}` and `{OTP}`.
    """

    subject: str
    body: str


@dataclass(frozen=True, kw_only=True)
class AuthAlert:
    """The mail after a login from a new place.

    Attributes:
        enabled: Whether it is sent.
        email_template: The mail.
    """

    enabled: bool | None = None
    email_template: EmailTemplate | None = None


@dataclass(frozen=True, kw_only=True)
class PasswordAuth:
    """Signing in by password.

    Attributes:
        enabled: Whether it is allowed.
        identity_fields: The fields that identify a record, each with a unique index of its own.
    """

    enabled: bool | None = None
    identity_fields: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class OAuth2:
    """Signing in at a provider.

    Attributes:
        enabled: Whether it is allowed.
        mapped_fields: Which field takes what the provider knows: `id`, `name`, `username`, `avatarURL`.
        providers: The providers, by the API's own names: `name`, `clientId`, `clientSecret`, ... The server never
            shows a secret, so neither `pull` nor `diff` knows them; take them from the environment.
    """

    enabled: bool | None = None
    mapped_fields: Mapping[str, str] | None = None
    providers: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class Mfa:
    """A second factor.

    Attributes:
        enabled: Whether one is asked for; two ways to sign in must be enabled then.
        duration: How long the first factor counts.
        rule: Whom it is asked of; of everyone with `""`.
    """

    enabled: bool | None = None
    duration: Seconds | None = None
    rule: Rule = None


@dataclass(frozen=True, kw_only=True)
class Otp:
    """Signing in by a one-time password.

    Attributes:
        enabled: Whether it is allowed.
        duration: How long a password is valid.
        length: How many characters it has.
        email_template: The mail that carries it.
    """

    enabled: bool | None = None
    duration: Seconds | None = None
    length: int | None = None
    email_template: EmailTemplate | None = None


@dataclass(frozen=True, kw_only=True)
class AuthOptions:
    """The options of an auth collection; what is not given stays as the server has it.

    Attributes:
        password_auth: Signing in by password.
        otp: Signing in by one-time password.
        mfa: The second factor.
        oauth2: Signing in at a provider.
        auth_alert: The mail after a login from a new place.
        auth_token: How long a token is valid.
        password_reset_token: How long the link of a password reset is valid.
        email_change_token: How long the link of a change of email is valid.
        verification_token: How long the link of a verification is valid.
        file_token: How long the token for protected files is valid.
        verification_template: The mail of a verification.
        reset_password_template: The mail of a password reset.
        confirm_email_change_template: The mail of a change of email.

    Example:
        >>> strict = AuthOptions(auth_token=3600, password_auth=PasswordAuth(identity_fields=["email", "handle"]))
        >>> class Member(AuthCollection, collection="members", auth=strict):
        ...     handle: Field[str] = field(unique=True)
        >>> from pbmodels.schema import describe
        >>> describe(Member)["authToken"], describe(Member)["passwordAuth"]["identityFields"]
        ({'duration': 3600}, ['email', 'handle'])
    """

    password_auth: PasswordAuth | None = None
    otp: Otp | None = None
    mfa: Mfa | None = None
    oauth2: OAuth2 | None = None
    auth_alert: AuthAlert | None = None
    auth_token: Seconds | None = None
    password_reset_token: Seconds | None = None
    email_change_token: Seconds | None = None
    verification_token: Seconds | None = None
    file_token: Seconds | None = None
    verification_template: EmailTemplate | None = None
    reset_password_template: EmailTemplate | None = None
    confirm_email_change_template: EmailTemplate | None = None

    def body(self, grammar: Grammar | None = Grammar.ESCAPED) -> dict[str, Any]:
        """What was said, by the API's own names.

        Args:
            grammar: How the server reads backslashes, for the rule of `mfa`.
        """
        found = _said(self, grammar)
        return {
            name: {"duration": value} if name.endswith("Token") and not isinstance(value, dict) else value
            for name, value in found.items()
        }


def _said(part: Any, grammar: Grammar | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in fields(part):
        value = getattr(part, item.name)
        if value is None:
            continue
        if is_dataclass(value):
            value = _said(value, grammar)
        elif isinstance(value, timedelta):
            value = round(value.total_seconds())
        elif item.name == "rule":
            value = _text("mfa", value, grammar)
        elif isinstance(value, Mapping):
            value = dict(value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = [dict(entry) if isinstance(entry, Mapping) else entry for entry in value]
        found[api_name(item.name)] = value
    return found


def api_name(name: str) -> str:
    """The API's name of an option: `identity_fields` is `identityFields`.

    Example:
        >>> api_name("confirm_email_change_template")
        'confirmEmailChangeTemplate'
    """
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
