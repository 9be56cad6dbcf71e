"""What the pages of this room share."""

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from common.errors import DomainError
from customers.models import Customer


def actor_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def customer_or_404(public_id: UUID) -> Customer:
    customers = Customer.objects.select_related("village__mini_grid", "merged_into")
    return get_object_or_404(customers, public_id=public_id)


def done(
    request: HttpRequest,
    form: forms.Form,
    act: Callable[[], object],
    *,
    said: str,
    field: str | None = None,
) -> bool:
    """Do what a form asks; return whether the page may leave. What was refused stands on the form.

    :param field: where a refusal is shown; above the form where none is named
    """
    if not form.is_valid():
        return False
    try:
        act()
    except DomainError as refusal:
        form.add_error(field, str(refusal))
        return False
    messages.success(request, said)
    return True
