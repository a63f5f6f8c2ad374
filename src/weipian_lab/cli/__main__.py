"""``python -m weipian_lab.cli`` is the ``weipian`` command."""

from weipian_lab.cli import main

if __name__ == "__main__":
    main()
