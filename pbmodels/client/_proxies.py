"""Which proxy the environment names for an address: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx

from pbmodels.client._errors import InvalidRequest
from pbmodels.client._secrets import without_secrets


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy for this address, None for a direct connection.

    Raises:
        InvalidRequest: The environment names one that cannot be used.
    """
    proxies = getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address or proxy_bypass(url.netloc.decode("ascii")) or proxy_bypass(url.host):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        if proxy.url.scheme.startswith("socks"):
            import socksio  # type: ignore[import-not-found, unused-ignore]  # noqa: F401
    except ImportError:
        problem = "a SOCKS proxy needs the package socksio; install it, or set NO_PROXY for this host"
    except (ValueError, httpx.InvalidURL):
        problem = "it is no http, https or socks5 address; correct it, or set NO_PROXY for this host"
    else:
        return proxy
    raise InvalidRequest(f"the environment's proxy {without_secrets(address)!r} for {url.host}: {problem}")
