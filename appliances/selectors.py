"""Reading plans and what is owed on them."""

import datetime as dt

from django.db.models import F, QuerySet

from appliances.models import Instalment, Plan


def plans_of(customer_id: int) -> QuerySet[Plan]:
    """Return a customer's plans, newest first, with their appliance, device and instalments in order."""
    plans = Plan.objects.filter(customer_id=customer_id).select_related("appliance", "device")
    return plans.prefetch_related("instalments").order_by("-sold_at", "-id")


def running_plan_of(device_id: int) -> Plan | None:
    """Return the plan that payments for this device pay, if there is one."""
    plans = Plan.objects.filter(device_id=device_id, state=Plan.State.RUNNING)
    return plans.select_related("appliance").first()


def due_instalments(customer_id: int, on: dt.date) -> QuerySet[Instalment]:
    """Return what a customer owes on a day on plans without a device, oldest first, then by sale."""
    return (
        Instalment.objects.filter(
            plan__customer_id=customer_id,
            plan__device__isnull=True,
            plan__state=Plan.State.RUNNING,
            due_date__lte=on,
            paid__lt=F("cost"),
        )
        .select_related("plan__appliance")
        .order_by("due_date", "plan_id", "number")
    )


def instalments_of(plan_id: int) -> QuerySet[Instalment]:
    """Return all instalments of a plan in the order in which they are paid; number 0 is the down payment."""
    return Instalment.objects.filter(plan_id=plan_id).order_by("due_date", "number")
