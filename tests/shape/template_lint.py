"""The rules of templates: ``python -m tests.shape.template_lint`` names what breaks one.

Every page works without a script, under a policy that allows no inline code, and a fragment is found by its file's
name. htmx 4 inherits nothing, so each element that sends a request says where the answer goes and how.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import chain

from tests.shape.template_tree import HOLE, Element, parse_template
from tests.shape.tree import ROOT, each_file

LINES_MAX = 150
TRIGGERS = frozenset({"hx-get", "hx-post", "hx-put", "hx-patch", "hx-sse:connect"})
SWAPS = frozenset({"outerHTML", "outerMorph", "innerHTML", "none"})
INNER_TARGETS = frozenset({"#dialog-body", "#notice"})
GONE = frozenset({"hx-delete", "hx-prompt", "hx-ext", "hx-params", "hx-vars", "hx-boost"})
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "commandfor", "form", "list")
SHELLS = ("layout/", "macros/")

_HANDLER = re.compile(r"on[a-z]+|hx-on\b.*")
_CODE = re.compile(r"\s*(?:js|javascript):", re.IGNORECASE)
_UNSAFE = re.compile(r"\|\s*safe\b|Markup\(|\bautoescape\b|\|\s*tojson\b")
_USES = re.compile(r"\{%-?\s*(?:include|extends|import|from)\s+[\"']([^\"']+)[\"']")
_EXTENDS = re.compile(r"\{%-?\s*extends\s+[\"']layout/(?:page|bare)\.html[\"']")
_TITLE = re.compile(r"\{%-?\s*block\s+title\b")
_STATUS_TARGET = re.compile(r"target:(#\S+)")


def problems_in(templates: Mapping[str, str]) -> list[str]:
    """Return what is wrong with ``templates`` (source by name), as "name:line: words"."""
    trees = {name: parse_template(source) for name, source in templates.items()}
    ids = {one.attributes["id"] for tree in trees.values() for one in tree.each() if "id" in one.attributes}
    found: list[str] = []
    for name, tree in trees.items():
        source = templates[name]
        found += [f"{name}:{line}: {words}" for line, words in chain(
            of_source(source), of_uses(source, templates), of_kind(name, source, tree),
            *(of_element(one, source, ids) for one in tree.each()),
        )]  # fmt: skip
    return found


Problems = Iterator[tuple[int, str]]


def of_source(source: str) -> Problems:
    """Yield what the text itself may not say, and a file that is too long."""
    lines = source.splitlines()
    for number, line in enumerate(lines, start=1):
        if match := _UNSAFE.search(line):
            yield number, f"{match.group()} turns escaping off, or quotes for scripts"
    if len(lines) > LINES_MAX:
        yield len(lines), f"{len(lines)} lines; at most {LINES_MAX}"


def of_uses(source: str, templates: Mapping[str, str]) -> Problems:
    """Yield the includes, parents and imports that do not exist."""
    for use in _USES.finditer(source):
        if use.group(1) not in templates:
            yield source.count("\n", 0, use.start()) + 1, f"there is no {use.group(1)}"


def of_kind(name: str, source: str, tree: Element) -> Problems:
    """Yield what a page or a fragment lacks; layouts and macros are neither."""
    folder, _, file = name.rpartition("/")
    if file.startswith("_"):
        if not source.startswith("{#"):
            yield 1, "a fragment begins with a comment that names its variables"
        if file != "_more.html" and not name.startswith("macros/"):
            yield from of_root(folder, file, tree)
    elif not name.startswith(SHELLS):
        if not _EXTENDS.search(source):
            yield 1, "a page extends layout/page.html or layout/bare.html"
        if not _TITLE.search(source):
            yield 1, "a page sets its title in a block of that name"
    elif "html" in {child.name for child in tree.children} and "title" not in {one.name for one in tree.each()}:
        yield 1, "a layout has a title"


def of_root(folder: str, file: str, tree: Element) -> Problems:
    """Yield why a fragment cannot be found by its file's name; roots of two branches share one id."""
    part = file.removeprefix("_").removesuffix(".html")
    whole = part if folder == "layout" else f"{folder}/{part}"
    wanted = re.sub(r"[_/]", "-", whole)
    roots = {child.attributes.get("id", "") for child in tree.children if child.name != "hx-partial"}
    if len(roots) != 1 or tree.text:
        yield 1, f"a fragment has one root, with the id {wanted}"
    elif not all(root == wanted or root.startswith(f"{wanted}-{HOLE}") for root in roots):
        yield tree.children[0].line, f"the id of the root is {wanted} (or that, a hyphen and the item's id)"


def of_element(one: Element, source: str, ids: set[str]) -> Problems:
    """Yield what is wrong with an element."""
    for words in chain(
        of_attributes(one), of_triggers(one), of_references(one, ids), of_forms(one, source), of_tags(one)
    ):
        yield one.line, f"<{one.name}> {words}"


def of_attributes(one: Element) -> Iterator[str]:
    """Yield attributes that the policy blocks, that htmx 4 dropped, or that send no fields."""
    for name, value in one.attributes.items():
        if _HANDLER.fullmatch(name) or name == "style":
            yield f"{name}: inline code and styles are blocked"
        if name.partition(":")[0] in GONE or name.endswith(":inherited"):
            yield f"{name} is not used here"
        if _CODE.match(value):
            yield f"{name}: code in an attribute is blocked"
        if name == "hx-trigger" and "[" in value:
            yield "hx-trigger: a filter is code, and blocked"
        if name == "hx-disable" and not value.strip():
            yield "hx-disable names what is disabled while a request runs; what htmx leaves alone is hx-ignore"


def of_triggers(one: Element) -> Iterator[str]:
    """Yield what an element that sends a request leaves open, or that it does nothing without a script."""
    if not TRIGGERS & one.attributes.keys():
        return
    target, swap = one.attributes.get("hx-target", ""), one.attributes.get("hx-swap", "").partition(" ")[0]
    if not target:
        yield "lacks hx-target"
    if swap not in SWAPS:
        yield f"lacks hx-swap, one of {', '.join(sorted(SWAPS))}"
    if swap == "innerHTML" and target not in INNER_TARGETS:
        yield "swaps innerHTML, which is for #dialog-body and #notice"
    if not works_alone(one):
        yield "does nothing without a script: no form or link is it, around it, in it or in <noscript> beside it"


def works_alone(one: Element) -> bool:
    """Tell whether what an element does can be done without a script."""
    siblings = one.parent.children if one.parent else []
    beside = [child for child in siblings if child.name == "noscript"]
    near = chain([one], one.each_parent(), one.each(), *(child.each() for child in beside))
    return any(el.name == "form" or (el.name == "a" and "href" in el.attributes) for el in near)


def of_references(one: Element, ids: set[str]) -> Iterator[str]:
    """Yield names of ids that no template writes."""
    named = [("hx-target", one.attributes.get("hx-target", "")), ("hx-include", one.attributes.get("hx-include", ""))]
    named += [
        (name, target)
        for name, value in one.attributes.items()
        if name.startswith("hx-status:")
        for target in _STATUS_TARGET.findall(value)
    ]
    wanted = [(name, value.removeprefix("#")) for name, value in named if value.startswith("#")]
    wanted += [(name, word) for name in REFERENCES for word in one.attributes.get(name, "").split()]
    for name, wish in wanted:
        if not any(may_be_same(wish, written) for written in ids):
            yield f"{name}: no template writes the id {wish}"


def may_be_same(wish: str, written: str) -> bool:
    """Tell whether two ids can be one, whatever the expressions in them give."""
    if wish in (written, HOLE):
        return True
    if written == HOLE:
        return False
    return any(
        re.fullmatch(re.escape(one).replace(r"\{\}", ".+"), other) for one, other in ((wish, written), (written, wish))
    )


def of_forms(one: Element, source: str) -> Iterator[str]:
    """Yield what a form needs in order to work without a script, and against forged posts."""
    if one.name != "form":
        return
    method = one.attributes.get("method", "")
    if method not in {"get", "post", "dialog"}:
        yield "lacks a method: get, post or dialog"
    if method != "dialog" and not one.attributes.get("action"):
        yield "lacks an action"
    if method == "post" and "csrf" not in "\n".join(source.splitlines()[one.line - 1 : one.line_end]):
        yield "posts without the CSRF field"


def of_tags(one: Element) -> Iterator[str]:
    """Yield elements that the policy blocks."""
    if one.name in {"style", "base", "iframe", "object", "embed"}:
        yield "is blocked, or has no place here"
    if one.name == "script" and (one.text or "src" not in one.attributes):
        yield "has code of its own"
    loaded = one.attributes.get("src", "") or (one.attributes.get("href", "") if one.name == "link" else "")
    if "//" in loaded or loaded.startswith("data:"):
        yield f"loads {loaded} from elsewhere"


def shipped_templates() -> dict[str, str]:
    """Return the templates of this tree, by name."""
    folder = ROOT / "templates"
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in each_file(folder)}


if __name__ == "__main__":
    sys.exit("\n".join(problems_in(shipped_templates())) or None)
