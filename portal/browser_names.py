"""What a browser calls itself, in the words of the person who uses it."""

import re

LENGTH_MAX = 60
# Each claims to be most of the others: the first that fits is the one.
_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"\bOPR/(\d+)")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d+)")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"\b(?:HeadlessChrome|Chrome|CriOS)/(\d+)")),
    ("Safari", re.compile(r"\bVersion/(\d+)[^ ]* (?:Mobile/\w+ )?Safari/")),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_name(software: str) -> str:
    """Return a browser with its system, such as ``Firefox 140 on Windows``; other programs as they call themselves."""
    for name, pattern in _BROWSERS:
        found = pattern.search(software)
        if found is not None:
            system = next((f" on {words}" for sign, words in _SYSTEMS if sign in software), "")
            return f"{name} {found[1]}{system}"
    plain = software.strip()
    return plain if len(plain) <= LENGTH_MAX else f"{plain[:LENGTH_MAX]}…"
