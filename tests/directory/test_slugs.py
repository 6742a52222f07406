from hypothesis import given
from hypothesis import strategies as st

from directory.errors import InvalidError
from directory.slugs import SLUG_LENGTH_MAX, SLUG_PATTERN, checked_slug, slug_for


@given(st.text(max_size=80))
def test_a_slug_made_of_a_name_is_a_slug(name: str) -> None:
    try:
        slug = slug_for(name)
    except InvalidError:
        assert not any(letter.isascii() and letter.isalnum() for letter in name)
    else:
        assert SLUG_PATTERN.fullmatch(slug)
        assert len(slug) <= SLUG_LENGTH_MAX
        assert slug_for(slug) == checked_slug(slug) == slug
