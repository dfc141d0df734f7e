"""Builds the front-end files, so that browser tests see the pages as people do."""

import sys

from app.admin import assets


def main() -> int:
    print("built" if assets.build() else "up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
