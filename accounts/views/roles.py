"""What each role may do."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.models import User
from accounts.protection import current_protection
from accounts.wording import matrix


@require_safe
@requires("accounts.view_user")
def roles(request: HttpRequest) -> HttpResponse:
    """The matrix of permissions, made from ``access.PERMISSIONS``."""
    counted = User.objects.filter(is_active=True).values_list("role").annotate(Count("pk"))
    people = dict(counted.order_by())
    protection = current_protection()
    context = {
        "roles": [(role.label, people.get(role.value, 0), role.value) for role in User.Role],
        "areas": list(matrix()),
        "protected": set(protection.groups) if protection else set(),
    }
    return render(request, "accounts/roles.html", context)
