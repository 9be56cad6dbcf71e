"""What did not go through by itself, oldest first."""

from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import may, requires
from common.clock import midnight, today_in
from desk.inbox_items import Tab, inbox_items
from desk.inbox_items.many import many_at_once
from desk.views.payment import writer
from payments.models import Payment


@require_GET
@requires("desk.view_inbox")
def inbox(request: HttpRequest) -> HttpResponse:
    write = writer()
    items = inbox_items(write)
    counts = Counter(item.tab for item in items)
    tab = request.GET.get("kind", "")
    shown = [item for item in items if tab not in Tab.values or item.tab == tab]
    today = midnight(today_in(write.company.timezone, write.now), write.company.timezone)
    context = {
        "rows": [(item, may(request.user, item.permission)) for item in shown],
        "count": len(items),
        "tab": tab if tab in Tab.values else "",
        "tabs": [(each.value, each.label, counts[each]) for each in Tab if counts[each]],
        "many": [each for each in many_at_once(shown) if may(request.user, each.permission)],
        "went_through": Payment.objects.filter(
            state=Payment.State.SETTLED, booked_at__gte=today
        ).count(),
    }
    return render(request, "desk/inbox.html", context)
