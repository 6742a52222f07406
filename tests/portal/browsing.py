"""A browser without scripts: follows links, fills in forms as they stand on the page, keeps its cookie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

ORIGIN = "http://localhost:8000"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}


@dataclass
class FormOnPage:
    """A form with what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    disabled: bool = False


class PageReader(HTMLParser):
    """Reads the forms, links and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[FormOnPage] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._select: str | None = None
        self._in_form = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(FormOnPage(given.get("action", ""), given.get("method", "get")))
            self._in_form = True
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "select":
            self._select = given.get("name")
        elif self._in_form:
            self._read_field(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(" ".join(data.split()))

    def _read_field(self, tag: str, given: Mapping[str, str]) -> None:
        fields = self.forms[-1].fields
        if tag == "option" and self._select and ("selected" in given or self._select not in fields):
            fields[self._select] = given.get("value", "")
        elif tag == "button" and "disabled" in given:
            self.forms[-1].disabled = True
        elif tag == "input" and "name" in given:
            kind = given.get("type", "text")
            if kind not in {"checkbox", "radio"} or "checked" in given:
                fields[given["name"]] = given.get("value", "")


@dataclass
class Page:
    """What the server answered."""

    response: httpx.Response

    def __post_init__(self) -> None:
        self._reader = PageReader(self.response.text)

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status_code

    @property
    def path(self) -> str:
        """Where the browser ended up."""
        return self.response.url.path

    @property
    def text(self) -> str:
        """The words of the page, without its tags."""
        return " ".join(self._reader.words)

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return self._reader.links

    @property
    def forms(self) -> list[FormOnPage]:
        """Its forms."""
        return self._reader.forms

    def form(self, action_end: str) -> FormOnPage:
        """Return the posting form whose address ends so."""
        return next(form for form in self.forms if form.method == "post" and form.action.endswith(action_end))

    def link(self, end: str) -> str:
        """Return the first link that ends so."""
        return next(link for link in self.links if link.endswith(end))


class Browser:
    """One person's browser."""

    def __init__(self, client: httpx.AsyncClient, slug: str) -> None:
        self.client = client
        self.slug = slug

    def at(self, path: str) -> str:
        """Return the address of a page of the tenant."""
        return path if path.startswith("/") else f"/t/{self.slug}/{path}"

    async def open(self, path: str, **headers: str) -> Page:
        """Open a page, following redirects."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Page(await self.client.get(self.at(path), headers=named, follow_redirects=True))

    async def send(self, form: FormOnPage, **fields: str) -> Page:
        """Send a form as it stands on the page, with other values in some fields."""
        assert not form.disabled
        return Page(
            await self.client.post(
                form.action, data={**form.fields, **fields}, headers=SAME_ORIGIN, follow_redirects=True
            )
        )

    async def post(self, path: str, data: Mapping[str, str], **headers: str) -> httpx.Response:
        """Post what no form of ours would."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} or SAME_ORIGIN
        return await self.client.post(self.at(path), data=dict(data), headers=named)

    async def token(self) -> str:
        """Return a form token of this session."""
        return (await self.open("overview")).form("/sign-out").fields["csrf_token"]
