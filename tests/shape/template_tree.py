"""Templates read as HTML: their elements, with Jinja's expressions as the placeholder ``{}``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

HOLE = "{}"
"""Stands for the value of an expression, in an attribute or in text."""

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(slots=True)
class Element:
    """One element of a template."""

    name: str
    attributes: dict[str, str]
    line: int
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    text: str = ""
    line_end: int = 0

    def each(self) -> Iterator["Element"]:
        """Yield every element below this one, in the order of the file."""
        for child in self.children:
            yield child
            yield from child.each()

    def each_parent(self) -> Iterator["Element"]:
        """Yield what this element is in, inside out; the file itself is not an element."""
        if self.parent and self.parent.parent:
            yield self.parent
            yield from self.parent.each_parent()


def parse_template(source: str) -> Element:
    """Return the elements of a template, under one that stands for the file.

    All branches of a condition are there, one after the other. Lines are those of the source.
    """
    reader = _Reader()
    reader.feed(without_jinja(source))
    reader.close()
    return reader.root


def without_jinja(source: str) -> str:
    """Return the HTML of a template, its expressions as ``{}``, on the same lines."""
    for pattern, left in ((_COMMENT, " "), (_STATEMENT, " "), (_EXPRESSION, HOLE)):
        source = pattern.sub(lambda one, left=left: left + "\n" * one.group().count("\n"), source)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    return source


class _Reader(HTMLParser):
    """Builds the tree; a closing tag that closes nothing belongs to another branch and is passed over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, 0)
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        child = Element(tag, attributes, self.getpos()[0], self._open)
        child.line_end = child.line
        self._open.children.append(child)
        if tag not in _VOID:
            self._open = child

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        before = self._open
        self.handle_starttag(tag, attrs)
        self._open = before

    def handle_endtag(self, tag: str) -> None:
        closing: Element | None = self._open
        while closing and closing.name != tag:
            closing = closing.parent
        if closing and closing.parent:
            closing.line_end = self.getpos()[0]
            self._open = closing.parent

    def handle_data(self, data: str) -> None:
        self._open.text += data.strip()
