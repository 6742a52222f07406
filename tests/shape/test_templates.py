"""The templates keep their rules, and the check of the rules finds what breaks them."""

import statistics

import pytest

from tests.shape.template_lint import problems_in, shipped_templates
from tests.shape.template_tree import parse_template

LINES_MEDIAN_MAX = 40

LAYOUT = "<!doctype html><html><head><title>{% block title %}{% endblock %}</title></head><body></body></html>"
PAGE = """{% extends "layout/page.html" %}
{% block title %}People{% endblock %}
{% block main %}
<form role="search" action="/people" method="get">
  <label for="q">Search</label>
  <input id="q" name="q" value="{{ q }}" hx-get="/people" hx-trigger="input changed delay:250ms"
    hx-target="#people-rows" hx-swap="outerHTML">
</form>
<table>{% include "people/_rows.html" %}</table>
{% endblock %}
"""
ROWS = """{# users: the page of people #}
<tbody id="people-rows">{% for user in users %}{% include "people/_row.html" %}{% endfor %}</tbody>
"""
ROW = """{# user: one person; csrf_token #}
<tr id="people-row-{{ user.user_id }}"><td>
  <form method="post" action="/people/{{ user.user_id }}/lock" hx-post="/people/{{ user.user_id }}/lock"
    hx-target="#people-row-{{ user.user_id }}" hx-swap="outerMorph" hx-status:409="target:#people-rows swap:outerHTML">
    <input type="hidden" name="csrf_token" value="{{ csrf_token }}"><button>Lock</button>
  </form>
</td></tr>
"""
GOOD = {"layout/page.html": LAYOUT, "people/page.html": PAGE, "people/_rows.html": ROWS, "people/_row.html": ROW}


def test_our_templates_keep_the_rules() -> None:
    assert problems_in(shipped_templates()) == []


def test_median_template_is_at_most_40_lines() -> None:
    sizes = [len(source.splitlines()) for source in shipped_templates().values()]

    assert statistics.median(sizes) <= LINES_MEDIAN_MAX


def test_templates_that_keep_the_rules_pass() -> None:
    assert problems_in(GOOD) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("people/_rows.html", 'id="people-rows"', 'id="people-list"', "the id of the root is people-rows"),
        ("people/_rows.html", "<tbody", "<p>none</p><tbody", "a fragment has one root"),
        ("people/_rows.html", "{# users: the page of people #}\n", "", "begins with a comment"),
        ("people/_rows.html", "_row.html", "_line.html", "there is no people/_line.html"),
        ("people/_row.html", 'hx-target="#people-row-{{ user.user_id }}"', "", "lacks hx-target"),
        ("people/_row.html", 'hx-swap="outerMorph"', "", "lacks hx-swap"),
        ("people/_row.html", "outerMorph", "innerHTML", "swaps innerHTML"),
        ("people/_row.html", "target:#people-rows", "target:#people-list", "hx-status:409: no template writes"),
        ("people/_row.html", '<input type="hidden" name="csrf_token" value="{{ csrf_token }}">', "", "CSRF"),
        ("people/_row.html", ' action="/people/{{ user.user_id }}/lock"', "", "lacks an action"),
        ("people/_row.html", ' method="post"', "", "lacks a method"),
        ("people/_row.html", "<button>", '<button onclick="go()">', "inline code"),
        ("people/_row.html", "<button>", '<button hx-on:click="go()">', "inline code"),
        ("people/_row.html", "<button>", '<button style="color: red">', "styles are blocked"),
        ("people/_row.html", "<button>", '<a href="javascript:go()">x</a><button>', "code in an attribute"),
        ("people/_row.html", "<button>", '<button hx-delete="/people">', "hx-delete is not used"),
        ("people/_row.html", "<button>", "<button hx-disable>", "is hx-ignore"),
        ("people/_row.html", "<button>", '<button hx-target:inherited="this">', "is not used"),
        ("people/_row.html", "{{ csrf_token }}", "{{ csrf_token | safe }}", "turns escaping off"),
        ("people/page.html", "changed", "[ctrlKey]", "a filter is code"),
        ("people/page.html", 'hx-target="#people-rows"', 'hx-target="#rows"', "no template writes the id rows"),
        ("people/page.html", 'for="q"', 'for="search"', "for: no template writes the id search"),
        ("people/page.html", "block title", "block heading", "sets its title"),
        ("people/page.html", "layout/page.html", "people/_rows.html", "a page extends"),
        ("people/page.html", "<table>", "<script>go()</script><table>", "has code of its own"),
        ("people/page.html", "<table>", '<script src="https://x.test/a.js"></script><table>', "from elsewhere"),
        ("people/page.html", "<table>", "<style>p {}</style><table>", "is blocked"),
        ("people/page.html", "<form", '<div hx-get="/x" hx-target="this" hx-swap="outerHTML"></div><form', "script"),
        ("people/page.html", "</form>", "</form>" + "\n" * 150, "at most 150"),
        ("layout/page.html", "<title>{% block title %}{% endblock %}</title>", "", "a layout has a title"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(name: str, old: str, new: str, words: str) -> None:
    assert old in GOOD[name]

    problems = problems_in({**GOOD, name: GOOD[name].replace(old, new)})

    assert any(words in problem for problem in problems), problems


def test_problems_name_the_line_of_the_source() -> None:
    broken = GOOD["people/_row.html"].replace("<button>", '{# a\nb #}\n<button style="x">')

    assert problems_in({**GOOD, "people/_row.html": broken})[0].startswith("people/_row.html:7:")


def test_both_branches_of_a_condition_are_read() -> None:
    tree = parse_template("{% if a %}<p id='x'>1</p>{% else %}<p id='x' class='{{ \"b\" }}'>2</p>{% endif %}")

    assert [(child.name, child.attributes.get("class")) for child in tree.children] == [("p", None), ("p", "{}")]
