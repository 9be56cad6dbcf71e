"""Who may come in where: the key in the browser, closed sign-up, too many tries."""

import functools
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from common import limits
from onboarding.signup import drafts
from onboarding.signup.confirming import Step, steps_of
from tenants.models import SignUp

View = Callable[..., HttpResponse]
COOKIE = "mpm_sign_up"
HOUR, DAY = 3600, 24 * 3600


def remember(response: HttpResponse, key: str) -> HttpResponse:
    """Let this browser hold the key of its sign-up, for as long as the row lives."""
    response.set_cookie(
        COOKIE,
        key,
        max_age=int(settings.KEEP_SIGN_UPS.total_seconds()),
        path="/sign-up/",
        httponly=True,
        secure=settings.IS_HTTPS,
        samesite="Lax",
    )
    return response


def of_browser(request: HttpRequest) -> SignUp | None:
    """Return the sign-up whose key this browser holds."""
    return drafts.of_key(request.COOKIES.get(COOKIE, ""))


def first_open(steps: list[Step]) -> str:
    """Return the address name of the first step that is not done, or of the summary."""
    return next((f"sign-up-{step.name}" for step in steps if not step.is_done), "sign-up-summary")


def while_open(view: View) -> View:
    """View decorator: where the installation takes nobody, say so instead."""

    @functools.wraps(view)
    def asked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.SIGN_UP_IS_OPEN:
            return render(request, "onboarding/signup/closed.html", status=403)
        return view(request, *args, **kwargs)

    return asked


def step(name: str) -> Callable[[View], View]:
    """View decorator for a page of the wizard, which is given its ``row``: only once the steps before are done."""

    def decorate(view: View) -> View:
        @while_open
        @functools.wraps(view)
        def asked(request: HttpRequest) -> HttpResponse:
            row = of_browser(request)
            if row is not None and row.state not in drafts.OPEN:
                if row.state != SignUp.State.MADE:
                    return redirect("sign-up-progress", row.public_id)
                row = None  # this browser signs up another
            before = steps_of(row)
            for each in before:
                if each.name == name:
                    break
                if not each.is_done:
                    return redirect(first_open(before))
            if request.method == "POST" and not is_allowed(request, "post", most=100):
                return too_many(request)
            return view(request, row)

        return asked

    return decorate


def is_allowed(request: HttpRequest, what: str, *, most: int, seconds: int = HOUR) -> bool:
    """Count a try of this sender."""
    sender = limits.sender_of(request)
    return limits.is_allowed(f"signup.{what}", sender, most=most, seconds=seconds)


def may_be_mailed(request: HttpRequest, email: str) -> bool:
    """Count a mail: few for a sender, fewer for an address, so that nobody is flooded from here."""
    return is_allowed(request, "mail", most=20) and limits.is_allowed(
        "signup.mail_to", email, most=5, seconds=DAY
    )


def too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "onboarding/signup/too_many.html", status=429)
