"""The repository keeps its promises: sizes, words, wheel, templates, settings, pins."""
