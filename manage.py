#!/usr/bin/env python
"""Django's entry point; starts the embedded database and queue when none are configured."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")
    from django.core.management import execute_from_command_line

    from mpm import embedded

    with embedded.ensure(role="manage"):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
