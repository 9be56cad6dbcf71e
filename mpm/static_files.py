"""What of the packages' static files is collected: variants that no page uses only cost time."""

from typing import ClassVar

from django.contrib.staticfiles.apps import StaticFilesConfig


class CollectedStaticFiles(StaticFilesConfig):
    """Leaves out the unminified, right-to-left and module variants of Bootstrap."""

    ignore_patterns: ClassVar[list[str]] = [
        *StaticFilesConfig.ignore_patterns,
        "bootstrap-*",
        "bootstrap.css*",
        "bootstrap.js*",
        "bootstrap.bundle.*",
        "*.rtl.*",
        "*.esm.*",
        "jquery*",
    ]
