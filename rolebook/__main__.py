"""``python -m rolebook``: the command line from a checkout."""

from rolebook.cli import main

if __name__ == "__main__":
    main()
