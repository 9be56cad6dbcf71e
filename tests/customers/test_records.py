"""Addresses, documents, answers and consents of a customer, and the questions of the company."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from customers import addresses, documents, questions
from customers.records import Address, Answer, Consent, Document, Question
from locations.models import Village
from tests.desk.test_customers import add_customer

PDF = b"%PDF-1.7 contract of Neema"
PNG = b"\x89PNG\r\n\x1a\n and so on"


def page(client, world):
    return client.get(reverse("customers:customer-about", args=[world.neema.public_id]))


def post(client, name, thing, **sent):
    return client.post(reverse(f"customers:{name}", args=[thing.public_id]), sent)


def upload(client, world, content, name="contract.pdf", kind="Contract"):
    file = SimpleUploadedFile(name, content)
    return post(client, "customer-document", world.neema, kind=kind, file=file)


def text_of(response):
    return response.content.decode().replace("&#x27;", "'")


# --- addresses ---


@pytest.fixture
def bukiko(world):
    return Village.objects.create(mini_grid=world.mini_grid, name="Bukiko")


def test_a_further_address_is_added_changed_and_removed(clerk, world, bukiko):
    sent = {"village": str(bukiko.public_id), "street": "By the well", "phone": "0754 555 666"}
    assert post(clerk, "customer-address", world.neema, **sent, note="Shop").status_code == 302
    (address,) = Address.objects.all()
    assert (address.phone, address.note) == ("+255754555666", "Shop")
    assert post(clerk, "customer-address", world.neema, **sent, note="Shop").status_code == 422

    post(clerk, "address", address, **{**sent, "street": "By the school"})
    assert "By the school" in text_of(page(clerk, world))
    entry = AuditEntry.objects.get(action="customer.address_changed")
    assert "By the well" in entry.facts["address_before"]

    post(clerk, "address-remove", address)
    assert not Address.objects.exists()


def test_one_address_is_primary_whatever_happens(clerk, world, bukiko):
    address = addresses.add_address(
        customer_id=world.neema.pk, village=bukiko, street="By the well", actor=None
    )

    post(clerk, "address-primary", address)

    world.neema.refresh_from_db()
    address.refresh_from_db()
    assert (world.neema.village, world.neema.street) == (bukiko, "By the well")
    assert (address.village, address.street) == (world.village, "")
    post(clerk, "address-primary", address)
    world.neema.refresh_from_db()
    assert world.neema.village == world.village


def test_the_phone_of_an_address_finds_its_customer(clerk, world, bukiko):
    add_customer(world, 1)
    addresses.add_address(
        customer_id=world.neema.pk, village=bukiko, phone="+255754555666", actor=None
    )
    for text in ("0754 555 666", "555666"):
        rows = clerk.get("/customers/", {"q": text}).context["rows"]
        assert [str(row.customer) for row in rows] == ["Neema Bahati"]


# --- documents ---


def test_a_document_comes_back_as_it_was_to_be_saved_not_shown(clerk, world, kato):
    assert upload(clerk, world, PDF).status_code == 302
    document = Document.objects.get()

    response = clerk.get(reverse("customers:document", args=[document.public_id]))

    assert response.content == PDF
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == 'attachment; filename="contract.pdf"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert AuditEntry.objects.get(action="customer.document_opened").actor == kato


def test_the_bytes_lie_encrypted_in_the_companys_own_schema(clerk, world, django_db_blocker):
    upload(clerk, world, PDF)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT content::text FROM jua.customers_documentfile")
        (raw,) = cursor.fetchone()
    assert "JVBERi" not in raw  # how base64 begins of a PDF


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<html><script>alert(1)</script>", "page.pdf"),
        (b"GIF89a", "picture.png"),
        (b"PK\x03\x04", "contract.docx"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "drawing.svg"),
        (b" %PDF-1.7", "late.pdf"),
    ],
)
def test_what_a_file_is_decides_not_its_name(clerk, world, content, name):
    response = upload(clerk, world, content, name)
    assert response.status_code == 422
    assert "neither a PDF nor" in text_of(response)
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\x\\id card.JPG", "id card.png"),
        ('a"; filename="evil.html', "a ; filename= evil.png"),
        ("\u202egnp.exe", "gnp.png"),
        (".png", "png.png"),
        ("\r\nX: y.png", "X y.png"),
        ("x" * 300 + ".png", "x" * 100 + ".png"),
    ],
)
def test_the_name_is_safe_to_save_a_file_under(name, kept):
    assert documents.safe_name(name, documents.type_of(PNG)) == kept


def test_a_document_is_kept_once_and_not_without_end(clerk, world, monkeypatch):
    upload(clerk, world, PDF)
    assert "there already" in text_of(upload(clerk, world, PDF))
    monkeypatch.setattr(documents, "MOST", 2)
    assert upload(clerk, world, PNG, "b.png").status_code == 302
    assert "at most 2 documents" in text_of(upload(clerk, world, PNG + b"!", "c.png"))
    monkeypatch.setattr(documents, "MOST", 9)
    monkeypatch.setattr(documents, "MOST_OF_COMPANY", 50)
    assert "fill all the room" in text_of(upload(clerk, world, PNG + b"!", "c.png"))


def test_a_document_that_is_too_large_is_refused(clerk, world):
    response = upload(clerk, world, b"%PDF-1.7" + b"x" * documents.MAX_BYTES)
    assert "larger than 5 MB" in text_of(response)


def test_removing_a_document_is_asked_once(clerk, world):
    upload(clerk, world, PDF)
    document = Document.objects.get()
    url = reverse("customers:document-remove", args=[document.public_id])
    assert "gone for good" in text_of(clerk.get(url))
    clerk.post(url)
    assert not Document.objects.exists()


# --- questions and answers ---


def ask(client, text):
    return client.post(reverse("questions:question-list"), {"text": text})


def test_the_company_writes_its_questions_in_order(owner, clerk, world):
    for text in ("How many rooms?", "Which light now?"):
        assert ask(owner, text).status_code == 302
    assert ask(owner, "how many ROOMS?").status_code == 422
    second = Question.objects.get(text="Which light now?")
    owner.post(reverse("questions:question-move", args=[second.public_id]))
    assert [each.text for each in questions.questions()] == ["Which light now?", "How many rooms?"]
    assert clerk.get(reverse("questions:question-list")).status_code == 403


def answer(client, world, **texts):
    url = reverse("customers:customer-answers", args=[world.neema.public_id])
    sent = {}
    for name, field in client.get(url).context["form"].fields.items():
        sent[f"initial-{name}"] = sent[name] = field.initial
    return client.post(url, {**sent, **texts})


def test_answers_are_kept_with_who_and_when_and_what_they_were(owner, clerk, world):
    ask(owner, "How many rooms?")
    question = Question.objects.get()
    answer(clerk, world, **{f"q{question.pk}": "Three"})
    answer(clerk, world, **{f"q{question.pk}": "Four"})

    assert Answer.objects.get().text == "Four"
    assert "Four" in text_of(page(clerk, world))
    entry = AuditEntry.objects.filter(action="customer.answered").latest("pk")
    assert entry.facts == {f"answer_{question.pk}": "Four", f"answer_{question.pk}_before": "Three"}

    owner.post(reverse("questions:question-retire", args=[question.public_id]))
    assert "Four" in text_of(page(clerk, world))
    answer(clerk, world, **{f"q{question.pk}": ""})
    assert not Answer.objects.exists()


def test_a_question_that_nobody_answered_goes_at_once(owner, world):
    ask(owner, "How many rooms?")
    owner.post(reverse("questions:question-retire", args=[Question.objects.get().public_id]))
    assert not Question.objects.exists()


# --- consents ---


def test_a_consent_stands_until_it_is_withdrawn(clerk, world):
    today = timezone.now().date()
    sent = {"purpose": "offers", "day": today.isoformat(), "how": "paper", "note": "Form 12"}
    assert post(clerk, "customer-consent", world.neema, **sent).status_code == 302
    assert post(clerk, "customer-consent", world.neema, **sent).status_code == 422
    consent = Consent.objects.get()

    early = (today - dt.timedelta(days=1)).isoformat()
    assert post(clerk, "consent-withdraw", consent, day=early, how="sms").status_code == 422
    assert post(clerk, "consent-withdraw", consent, day=today, how="sms").status_code == 302
    assert post(clerk, "consent-withdraw", consent, day=today, how="sms").status_code == 422

    text = text_of(page(clerk, world))
    assert "withdrawn" in text
    assert "Form 12" in text
    assert post(clerk, "customer-consent", world.neema, **sent).status_code == 302


def test_a_consent_of_tomorrow_is_refused(clerk, world):
    day = (timezone.now() + dt.timedelta(days=2)).date().isoformat()
    sent = {"purpose": "offers", "day": day, "how": "paper"}
    assert post(clerk, "customer-consent", world.neema, **sent).status_code == 422


def test_the_page_asks_the_same_however_much_is_kept(clerk, owner, world, bukiko,
                                                     django_assert_max_num_queries):  # fmt: skip
    ask(owner, "Rooms?")
    addresses.add_address(customer_id=world.neema.pk, village=bukiko, actor=None)
    upload(clerk, world, PDF)
    page(clerk, world)
    with django_assert_max_num_queries(20) as few:
        page(clerk, world)
    count = len(few)
    for number in range(5):
        ask(owner, f"Question {number}?")
        addresses.add_address(
            customer_id=world.neema.pk, village=bukiko, street=str(number), actor=None
        )
        upload(clerk, world, PDF + b"%d" % number)
    with django_assert_max_num_queries(count):
        page(clerk, world)
