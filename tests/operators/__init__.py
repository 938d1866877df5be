"""What operators are told in `docs/exploitant.md` and `docs/exploitation/`: run as they would run it."""
