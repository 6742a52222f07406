"""The operator's door: pages and forms of the administration portal."""
