"""What headers say that both providers send."""


def retry_after_from(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header; None if it has none, or a date (neither provider sends one)."""
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdigit() else None
