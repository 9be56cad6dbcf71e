"""What of the packages' static files is collected: variants that no page uses only cost time."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class CollectedStaticFiles(StaticFilesConfig):
    """Leaves out the unminified, right-to-left and module variants of Bootstrap, and the parts of Leaflet
    that draw in ways of their own."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "bootstrap-*",
        "bootstrap.css*",
        "bootstrap.js*",
        "bootstrap.bundle.js*",
        "*.rtl.*",
        "*.esm.*",
        "jquery*",
        "leaflet-src*",
        "leaflet.draw*",
        "leaflet.extras*",
        "leaflet.forms*",
        "leaflet_django*",
        "Control.MiniMap*",
        "proj4*",
    ]
