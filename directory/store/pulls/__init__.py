"""The tables of pulling: sources that are pulled, their runs, and what they said last."""
