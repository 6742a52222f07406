"""The applications that Rolebook is measured against, and a route without work."""
