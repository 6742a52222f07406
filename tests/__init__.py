"""What Rolebook promises, as tests that mirror the code by path."""
