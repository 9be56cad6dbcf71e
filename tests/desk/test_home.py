"""The first page: is everything all right, and how much?"""

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from desk import charts, setup, today
from payments.models import Payment


def page(client):
    response = client.get("/")
    assert response.status_code == 200
    return response


def test_a_new_company_sees_its_set_up_and_no_zero_figures(owner, jua):
    response = page(owner)
    text = response.content.decode()
    assert "Welcome, Jua Power" in text
    assert "Connect a mobile-money operator" in text
    assert "Revenue by day" not in text


def test_steps_that_are_taken_are_ticked(owner, world):
    steps = {str(step.label): step.is_done for step in setup.steps()}
    assert steps["Connect a mobile-money operator"]
    assert steps["Connect the manufacturer of your devices"]
    assert not steps["Connect an SMS gateway"]  # the message page reaches no phone
    assert steps["Bring in tariffs, customers and devices"]
    assert not steps["Receive the first payment"]


def test_a_clerk_is_not_led_to_settings_that_are_closed_to_them(clerk, world):
    assert "/settings/" not in page(clerk).content.decode()


def test_the_four_figures_are_those_of_today(owner, pay, jua):
    pay("5000")
    pay("4999")
    found = page(owner).context["figures"]
    assert found.today.total == Decimal("9999")
    assert found.today.count == 2
    assert found.by_themselves == 2
    # 12.5 kWh, then 12.4 kWh with 39 left.
    assert found.today.kwh == Decimal("24.9")
    assert found.today.median_seconds is not None


def test_a_payment_that_went_back_is_not_revenue(owner, pay, jua):
    payment = pay("5000")
    Payment.objects.filter(pk=payment.pk).update(state=Payment.State.REFUNDED)
    assert page(owner).context["figures"].today.total == 0


def test_a_payment_that_needs_a_person_did_not_go_by_itself(owner, pay, airtel, jua):
    pay("5000")
    stuck = pay("3000")
    Payment.objects.filter(pk=stuck.pk).update(state=Payment.State.UNMATCHED)
    response = page(owner)
    assert response.context["figures"].by_themselves == 1
    assert response.context["waiting"].count == 1
    assert response.context["waiting"].money == Decimal(3000)
    assert "One thing needs a person." in response.content.decode()


def test_today_is_compared_with_a_week_ago_until_the_same_time(pay, jua):
    now = timezone.now()
    pay("6000")
    before, after = pay("5000"), pay("4000")
    week = dt.timedelta(days=7)
    Payment.objects.filter(pk=before.pk).update(booked_at=now - week - dt.timedelta(seconds=5))
    Payment.objects.filter(pk=after.pk).update(booked_at=now - week + dt.timedelta(hours=1))
    found = today.figures(jua, now=timezone.now())
    assert found.total_last_week in {Decimal(5000), Decimal(0)}  # 0 in the first seconds of a day
    if found.total_last_week:
        assert found.change_percent == 20
        assert found.is_above


def test_the_same_figures_stand_in_a_table(owner, pay):
    pay("5000")
    text = page(owner).content.decode()
    assert "The same as a table" in text
    assert text.count("<tr>") >= today.DAYS


def test_what_is_running_says_what_it_last_did_or_why_not(owner, pay, world):
    pay("5000")
    world.maker.paused_reason = "Calin refused our key."
    world.maker.save()
    text = page(owner).content.decode()
    assert "last payment today" in text
    assert "Calin refused our key." in text
    assert "Needs attention" in text


def test_the_page_asks_the_same_however_many_payments_there_are(
    owner, pay, django_assert_max_num_queries
):
    pay("5000")
    page(owner)
    with django_assert_max_num_queries(30) as few:
        page(owner)
    count = len(few)
    for _ in range(4):
        pay("5000")
    with django_assert_max_num_queries(count):
        page(owner)


def test_the_top_of_a_chart_is_a_round_number_that_is_not_below():
    for value, top in [(0, 1), (1, 1), (7, 10), (1284500, 1500000), (1999, 2000), (2001, 3000)]:
        assert charts.round_top(Decimal(value)) == top


def test_bars_start_at_zero_and_the_last_is_the_current_one():
    chart = charts.bar_chart([Decimal(0), Decimal(50), Decimal(100)])
    assert [bar.height for bar in chart.bars] == ["0", "50", "100"]
    assert [bar.is_now for bar in chart.bars] == [False, False, True]


def test_a_small_line_stays_inside_its_picture():
    points = [tuple(map(float, p.split(","))) for p in charts.spark([1, None, 3]).split()]
    assert all(0 <= x <= 100 and 1 <= y <= 19 for x, y in points)
    assert charts.spark([1]) == ""
    assert charts.spark([2, 2]) == "0,19 100,19"
