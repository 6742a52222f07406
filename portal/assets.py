"""Static files: read once, named by their content, sent compressed and kept by browsers for good."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml; charset=utf-8",
}
ASSET_CACHE_CONTROL = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One static file, ready to send."""

    url: str
    media_type: str
    content: bytes
    gzipped: bytes
    digest: str


def shipped_folder(name: str) -> Path:
    """Return the folder ``name``: inside this package in a wheel, beside it in a checkout."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parents[1] / name


@cache
def assets() -> Mapping[str, Asset]:
    """Return every static file by its plain name, such as ``site.css``."""
    files = sorted(path for path in shipped_folder("static").iterdir() if path.suffix in MEDIA_TYPES)
    return {path.name: _asset(path.name, path.suffix, path.read_bytes()) for path in files}


@cache
def assets_by_url() -> Mapping[str, Asset]:
    """Return every static file by the address it is served at."""
    return {asset.url: asset for asset in assets().values()}


def asset_url(name: str) -> str:
    """Return the address of a static file; it changes with the content, so that it can be cached for good."""
    return assets()[name].url


def icon_url(name: str) -> str:
    """Return the address of one icon of the sprite."""
    return f"{asset_url('icons.svg')}#{name}"


def _asset(name: str, suffix: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(
        url=f"/static/{name.removesuffix(suffix)}.{digest}{suffix}",
        media_type=MEDIA_TYPES[suffix],
        content=content,
        gzipped=gzip.compress(content, compresslevel=9, mtime=0),
        digest=digest,
    )
