"""`python run.py serve`: the command `relay` from a checkout."""

from relay.cli import main

if __name__ == "__main__":
    main()
