"""The ways to sign in that a collection offers, and the addresses of the OAuth2 flow; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from pydantic_core import from_json

from pbmodels.client._errors import InvalidRequest, OAuth2Failed

OAUTH2_TOPIC = "@oauth2"
"""What the provider's answer arrives on."""

REDIRECT_PATH = "/api/oauth2-redirect"
"""Where the provider sends who has signed in: to be named in the provider's own settings."""


@dataclass(frozen=True)
class PasswordMethod:
    """Signing in with a password.

    Attributes:
        enabled: Whether the collection offers it.
        identity_fields: The fields that can stand for who signs in, such as `email`.
    """

    enabled: bool = False
    identity_fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class OtpMethod:
    """Signing in with a one-time password that comes by mail.

    Attributes:
        enabled: Whether the collection offers it.
        duration: Seconds that a password is good for.
    """

    enabled: bool = False
    duration: int = 0


@dataclass(frozen=True)
class MfaMethod:
    """Needing two ways to sign in.

    Attributes:
        enabled: Whether the collection asks for it.
        duration: Seconds that the second way has time.
    """

    enabled: bool = False
    duration: int = 0


@dataclass(frozen=True)
class AuthProvider:
    """An OAuth2 provider, with what one sign-in with it needs: every answer of the server has new values.

    Attributes:
        name: What `auth_with_oauth2` takes, such as `google`.
        display_name: What to show to people.
        state: A random text to know the provider's answer by.
        auth_url: The provider's page; a redirect address belongs at its end, percent-encoded.
        code_verifier: What `auth_with_oauth2_code` takes; "" for a provider without PKCE.
        code_challenge: Its hash, in `auth_url` already.
        code_challenge_method: How it was hashed.
        logo: An image as SVG text, "" from servers that have none.
    """

    name: str
    display_name: str = ""
    state: str = field(default="", repr=False)
    auth_url: str = field(default="", repr=False)
    code_verifier: str = field(default="", repr=False)
    code_challenge: str = field(default="", repr=False)
    code_challenge_method: str = ""
    logo: str = field(default="", repr=False)


@dataclass(frozen=True)
class OAuth2Method:
    """Signing in with another service's account.

    Attributes:
        enabled: Whether the collection offers it.
        providers: With which services.
    """

    enabled: bool = False
    providers: list[AuthProvider] = field(default_factory=list)


@dataclass(frozen=True)
class AuthMethods:
    """The ways to sign in to a collection."""

    password: PasswordMethod
    oauth2: OAuth2Method
    otp: OtpMethod
    mfa: MfaMethod

    def provider(self, name: str) -> AuthProvider:
        """The OAuth2 provider of this name.

        Raises:
            InvalidRequest: The collection does not offer it.
        """
        for provider in self.oauth2.providers:
            if provider.name == name:
                return provider
        names = ", ".join(repr(provider.name) for provider in self.oauth2.providers) or "none"
        raise InvalidRequest(
            f"there is no OAuth2 provider {name!r}; this collection has {names}: "
            "set its oauth2.enabled and oauth2.providers"
        )


def auth_methods(data: Mapping[str, Any]) -> AuthMethods:
    """The server's answer to `auth-methods`."""
    password, oauth2, otp, mfa = (data.get(key) or {} for key in ("password", "oauth2", "otp", "mfa"))
    return AuthMethods(
        password=PasswordMethod(bool(password.get("enabled")), list(password.get("identityFields") or ())),
        oauth2=OAuth2Method(
            bool(oauth2.get("enabled")),
            [
                AuthProvider(
                    name=info.get("name", ""),
                    display_name=info.get("displayName", ""),
                    state=info.get("state", ""),
                    auth_url=info.get("authURL", ""),
                    code_verifier=info.get("codeVerifier", ""),
                    code_challenge=info.get("codeChallenge", ""),
                    code_challenge_method=info.get("codeChallengeMethod", ""),
                    logo=info.get("logo", ""),
                )
                for info in oauth2.get("providers") or ()
            ],
        ),
        otp=OtpMethod(bool(otp.get("enabled")), otp.get("duration", 0)),
        mfa=MfaMethod(bool(mfa.get("enabled")), mfa.get("duration", 0)),
    )


def provider_page(auth_url: str, redirect_url: str, state: str, scopes: Sequence[str] | None) -> str:
    """The address that who signs in has to visit.

    Args:
        auth_url: The provider's, ending in an empty `redirect_uri=`.
        redirect_url: Where the provider sends who has signed in.
        state: What its answer shall carry.
        scopes: What to ask for instead of the server's choice.

    Example:
        >>> provider_page("https://p/auth?scope=a&state=x&redirect_uri=", "http://h/r", "c1", ["b", "c"])
        'https://p/auth?scope=b%20c&state=c1&redirect_uri=http%3A%2F%2Fh%2Fr'
    """
    address, _, text = (auth_url + quote(redirect_url, safe="")).partition("?")
    query = dict(parse_qsl(text, keep_blank_values=True))
    query["state"] = state
    if scopes:
        query["scope"] = " ".join(scopes)
    return f"{address}?{urlencode(query, quote_via=quote, safe='')}"


def code_of(answer: str, state: str, provider: str) -> str:
    """The code that the provider sent.

    Raises:
        OAuth2Failed: It sent none, or the answer is not for this sign-in.
    """
    data = from_json(answer)
    if data.get("state") != state:
        raise OAuth2Failed(f"the answer of {provider!r} is not for this sign-in (its state differs); start again")
    code = data.get("code")
    if data.get("error") or not isinstance(code, str) or not code:
        reason = str(data.get("error") or "no code")
        raise OAuth2Failed(
            f"{provider!r} sent back {reason!r} instead of a code: whoever signs in may have refused; start again",
            response={"error": reason},
        )
    return code
