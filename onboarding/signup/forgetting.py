"""Sign-ups that nobody finished, and those that are done, are forgotten after some days."""

import datetime as dt

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from tenants import tidying
from tenants.models import Enquiry, SignUp

ENQUIRY_LIVES = dt.timedelta(days=1)


def forget() -> int:
    """Delete what is too old; never what a worker still has to do."""
    before = Now() - settings.KEEP_SIGN_UPS
    idle = ~Q(state=SignUp.State.CONFIRMED)
    gone = tidying.forget(SignUp.objects.filter(idle, changed_at__lt=before))
    return gone + tidying.forget(Enquiry.objects.filter(created_at__lt=Now() - ENQUIRY_LIVES))
