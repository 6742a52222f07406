"""What is looked at on a page in each mode: rules of WCAG 2.2 AA, sideways scrolling, focus that shows."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light"},
    "forced colors": {"forced_colors": "active"},
    "reduced motion": {"reduced_motion": "reduce"},
}
PLAIN = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "no-preference"}
TABS_MAX = 90

_ANALYSED = "options => axe.run(document, options).then(found => found.violations)"
_STILL = "Promise.allSettled(document.getAnimations().map(one => one.finished))"
_SIDEWAYS = "document.documentElement.scrollWidth - window.innerWidth"
_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 && box.width > 2 && box.height > 2;
  return [shown, one.outerHTML.slice(0, 160)];
}"""


def problems_of(page: Page) -> list[str]:
    """Return what axe finds on a page as it stands, and whether it scrolls sideways."""
    if page.evaluate("typeof axe === 'undefined'"):
        found = Axe().run(page, options=AXE).response["violations"]
    else:
        found = page.evaluate(_ANALYSED, AXE)
    problems = [
        f"{page.url} {one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]
    over = page.evaluate(_SIDEWAYS)
    return [*problems, *([f"{page.url} scrolls sideways by {over}"] if over > 0 else [])]


def problems_in_each_mode(page: Page) -> list[str]:
    """Return what is wrong with an open page: light, dark, 320 pixels wide, in forced colours, without motion."""
    problems: list[str] = []
    for mode, media in MODES.items():
        page.set_viewport_size(NARROW if mode == "narrow" else WIDE)  # type: ignore[arg-type]  # a size is a plain dict
        page.emulate_media(**{**PLAIN, **media})
        page.evaluate(_STILL)
        problems += [f"{mode}: {problem}" for problem in problems_of(page)]
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a size is a plain dict
    page.emulate_media(**PLAIN)  # type: ignore[arg-type]  # the values are those of the stub
    return problems


def unseen_focus_of(page: Page) -> list[str]:
    """Walk an open page with the Tab key and return the stops where nothing shows that they have the focus."""
    unseen: list[str] = []
    seen: set[str] = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUS)
        if stop is None:
            break
        shown, element = stop
        if shown:
            seen.add(element)
        elif element not in seen:  # the parts of a date field show the focus by themselves
            unseen.append(f"{page.url} {element}")
    return unseen
