"""The page: pay, read, feed; without a script."""

import re

import pytest

YES = "<COMMAND><STATUS>200</STATUS><MESSAGE>Success</MESSAGE></COMMAND>"
NO = "<COMMAND><STATUS>400</STATUS><MESSAGE>Unknown device</MESSAGE></COMMAND>"
FORM = {
    "payer": "+255754123456",
    "stranger": "",
    "via": "airtel",
    "device": "47000100011",
    "amount": "10,000",
    "fault": "nothing",
}
SMS = {
    "username": "sandbox",
    "to": "+255754123456",
    "message": "Jua Power: Token 5401 6783 0919 2757 1586 = 3.6 kWh",
}
BUY = {
    "user_id": "pos-user-01",
    "password": "calin-key-7f3a",
    "meter_id": "47000100011",
    "token_type": "CreditToken",
    "amount": 3.6,
}
GATEWAY = {"apiKey": "at-key-for-the-sandbox", "Accept": "application/json"}


@pytest.fixture
def page(people, product):
    actions = {name: f"{product.url}/{name}" for name in ("validation", "process")}
    people.ask("/operators", {"airtel": actions})
    product.answer("/validation", YES)
    product.answer("/process", YES)
    return people


def pay(page, **change):
    return page.client.post("/phone/pay", data=FORM | change, follow_redirects=True)


def test_the_first_visit_offers_the_customers_and_only_ready_operators(page):
    text = page.get("/").text

    assert '<option value="+255754123456" selected>Neema Bahati</option>' in text
    assert '<option value="+255785123456">Juma Ally</option>' in text
    assert "Airtel Money" in text
    assert "Vodacom M-Pesa" not in text
    assert "12.8 kWh" in text


def test_paying_shows_the_confirmation_and_waits_for_the_sms(page, product):
    text = pay(page).text

    assert re.search(r"Airtel Money: AT\w+ confirmed\. You paid TZS\s10,000 to JUA POWER", text)
    assert 'hx-get="/phone/read?payment=AT' in text
    assert '<noscript><meta http-equiv="refresh"' in text
    assert "<AMOUNT>10000</AMOUNT>" in product.bodies("/process")[0]


def test_the_sms_arrives_and_the_waiting_ends(page):
    pay(page)
    page.client.post("/africastalking/version1/messaging", data=SMS, headers=GATEWAY)

    text = page.get("/phone/read").text

    assert "Token 5401 6783 0919 2757 1586" in text
    assert "0 s after paying" in text
    assert "hx-get" not in text


def test_a_link_leads_to_the_trace_in_the_product(page):
    text = pay(page).text

    assert re.search(r'href="http://jua\.localhost:8000/payments/\?q=AT\w+"', text)


def test_a_refused_payment_says_why_and_waits_for_nothing(page, product):
    product.answer("/validation", NO)

    text = pay(page).text

    assert "Airtel Money: not paid. Jua Power: Unknown device" in text
    assert "hx-get" not in text


def test_a_stranger_pays_from_a_typed_phone(page, product):
    text = pay(page, payer="stranger", stranger="0754 999 888").text

    assert "<CUSTOMERMSISDN>754999888</CUSTOMERMSISDN>" in product.bodies("/process")[0]
    assert "A stranger ·" in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"amount": "lots"}, "Amount is a number above zero"),
        ({"amount": "-5"}, "Amount is a number above zero"),
        ({"device": " "}, "Device number is needed"),
        ({"payer": "stranger", "stranger": "12"}, "A phone number has 9 digits"),
        ({"via": "vodacom_tz"}, "has no address"),
    ],
)
def test_a_wrong_form_comes_back_with_its_values(page, product, change, sentence):
    answer = page.client.post("/phone/pay", data=FORM | change)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'role="alert"' in answer.text
    assert "<title>Error: " in answer.text
    assert product.heard == []


def test_a_fault_of_the_page_is_thrown_for_this_device_only(page):
    pay(page, fault="manufacturer_silent")

    [rule] = page.get("/faults").get_json()["on"]
    assert (rule["vendor"], rule["subject"], rule["count"]) == ("manufacturers", "47000100011", 1)
    page.client.post("/calin/api/tokennew", json=BUY)
    assert page.get("/faults").get_json()["on"] == []


def test_a_payment_that_was_not_made_leaves_no_fault_behind(page, product):
    product.answer("/validation", NO)

    pay(page, fault="manufacturer_silent")

    assert page.get("/faults").get_json()["on"] == []


def test_the_operator_reports_twice_from_the_page(page, product):
    pay(page, fault="reported_twice")

    assert len(product.bodies("/process")) == 2


def test_a_token_is_typed_into_the_meter(page):
    token = page.ask("/calin/api/tokennew", BUY)["result"]
    form = {"device": "47000100011", "token": token}

    good = page.client.post("/phone/token", data=form, follow_redirects=True).text
    again = page.client.post("/phone/token", data=form, follow_redirects=True).text

    assert "<strong>Accepted.</strong> 12.8 kWh became 16.4 kWh." in good
    assert "16.4 kWh</p>" in good
    assert "<strong>Not taken.</strong> This token was used before." in again


def test_what_was_typed_is_never_markup(page):
    text = pay(page, device="<script>x</script>").text

    assert "<script>x" not in text
    assert "&lt;script&gt;" in text


def test_the_policy_allows_no_inline_style_or_script(page):
    answer = page.get("/")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert " style=" not in answer.text


@pytest.mark.parametrize("path", ["/", "/settings"])
def test_pages_open_with_no_rows_at_all(sandbox, path):
    assert sandbox.get(path).status_code == 200


def test_addresses_and_switches_are_set_by_hand(page):
    page.client.post(
        "/settings/addresses", data={"vodacom_tz:request": "http://jua.localhost:8000/w/"}
    )
    page.client.post(
        "/settings/faults", data={"vendor": "sunking", "fault": "refuse", "count": "3"}
    )

    text = page.get("/settings").text
    assert page.get("/operators").get_json()["vodacom_tz"]["request"].endswith("/w/")
    assert "<td>Refuses</td>" in text
    wrong = page.client.post("/settings/faults", data={"vendor": "sunking", "fault": "lost"})
    assert wrong.status_code == 422


def test_the_page_answers_to_this_machine_only(page):
    foreign = page.get("/", headers={"Host": "evil.example"})
    form = page.client.post("/phone/pay", data=FORM, headers={"Sec-Fetch-Site": "cross-site"})

    assert (foreign.status_code, form.status_code) == (403, 403)
