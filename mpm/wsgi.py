"""The web server's entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")
application = get_wsgi_application()

from mpm.pooling import refuse_transaction_pooling  # noqa: E402 - needs the apps

refuse_transaction_pooling()
