"""What is asked on the public pages, one form a step."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import get_language

from accounts.models import User
from common.errors import DomainError
from common.phone import NotAPhone, parse_phone
from common.words import _
from onboarding.signup import drafts
from onboarding.signup.countries import countries, currencies, usual_in
from onboarding.signup.names import proposed
from tenants.models import Company, SignUp
from tenants.selectors import public_address
from tenants.services import check_slug, known_timezones

USUAL = ("currency", "timezone", "language")
AS_USUAL = ("", _("As usual in the country"))


def free(slug: str) -> bool:
    try:
        check_slug(slug)
    except DomainError:
        return False
    return True


class OneLine(forms.CharField):
    """A text of one line, whatever was pasted."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).split())


class NamingErrors(forms.Form):
    """Says of an empty field which one it is: the same sentence stands in the list above the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            facts = {"field": field.label}
            field.error_messages["required"] = _("“%(field)s” is still empty.") % facts


def _email(**facts: Any) -> forms.EmailField:
    wrong = _("This is not an e-mail address. Write one like name@company.example.")
    return forms.EmailField(max_length=254, error_messages={"invalid": wrong}, **facts)


class CompanyFacts(NamingErrors):
    """Step 1. What is left empty of currency, time zone and language is taken as usual in the country."""

    name = OneLine(
        max_length=100,
        label=_("Name of the company"),
        help_text=_("As customers know it. It stands on pages and receipts."),
    )
    slug = OneLine(
        max_length=60,
        required=False,
        label=_("Short name"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    usage_types = forms.MultipleChoiceField(
        label=_("What do you sell for?"),
        choices=Company.UsageType.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    country = forms.ChoiceField(label=_("Country"))
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), required=False)
    language = forms.ChoiceField(label=_("Language of pages and SMS"), required=False)
    address = OneLine(
        max_length=300,
        label=_("Address of the office"),
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    phone = OneLine(
        max_length=30,
        label=_("Phone of the office"),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    email = _email(
        label=_("E-mail of the office"),
        help_text=_("Where customers and operators write to."),
    )

    def __init__(self, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["usage_types"].error_messages["required"] = _("Tick what you sell for.")
        language = get_language() or "en"
        at = public_address().partition("://")
        self.fields["slug"].help_text = _(
            "Your address will be %(scheme)s://shortname.%(host)s. Small letters and digits."
            " Leave it empty and we make one of the name."
        ) % {"scheme": at[0], "host": at[2]}
        self._offer("country", [("", _("Choose")), *countries(language)])
        self._offer("currency", [AS_USUAL, *currencies(language)])
        self._offer("language", [AS_USUAL, *settings.LANGUAGES])
        self._offer("timezone", [AS_USUAL, *((zone, zone) for zone in self._zones())])
        if len(self._zones()) > 1:
            self.fields["timezone"].help_text = _("The country has more than one.")

    def _offer(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _said(self, name: str) -> str:
        source = self.data if self.is_bound else self.initial
        return str(source.get(name) or "")

    def _zones(self) -> list[str]:
        """Return the zones of the chosen country, and the one that was chosen before."""
        zones = list(usual_in(self._said("country")[:2]).zones)
        chosen = self._said("timezone")
        return zones if chosen in zones or chosen not in known_timezones() else [*zones, chosen]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        if slug:
            _checked(slug)
        return slug

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        country = cleaned.get("country", "")
        if country:
            self._take_as_usual(country)
            self._read_phone(country)
        if cleaned.get("slug") == "" and cleaned.get("name"):
            cleaned["slug"] = proposed(cleaned["name"], free)
            if not cleaned["slug"]:
                self.add_error("slug", _("No short name can be made of this name. Write one."))
        return cleaned

    def _take_as_usual(self, country: str) -> None:
        usual, cleaned = usual_in(country), self.cleaned_data
        zone = usual.zones[0] if len(usual.zones) == 1 else ""
        for name, value in zip(USUAL, (usual.currency, zone, usual.language), strict=True):
            if cleaned.get(name) == "":
                cleaned[name] = value
                if not value:
                    self.add_error(name, _("Choose one: the country has more than one or none."))

    def _read_phone(self, country: str) -> None:
        if self.cleaned_data.get("phone"):
            try:
                self.cleaned_data["phone"] = parse_phone(self.cleaned_data["phone"], country)
            except NotAPhone as refusal:
                self.add_error("phone", str(refusal))


def filled_in(data: Any) -> CompanyFacts:
    """Return the form as typed, with what is usual in the country and a short name where there was none.

    What was usual in the country before is replaced; nothing is said to be wrong.
    """
    typed = {name: data.get(name, "") for name in CompanyFacts.base_fields}
    typed["usage_types"] = data.getlist("usage_types")
    usual = usual_in(typed["country"][:2])
    zone = usual.zones[0] if len(usual.zones) == 1 else ""
    is_another = data.get("filled_for") != typed["country"]
    for name, value in zip(USUAL, (usual.currency, zone, usual.language), strict=True):
        if is_another or not typed[name]:
            typed[name] = value
    if not typed["slug"]:
        typed["slug"] = proposed(typed["name"], free)
    return CompanyFacts(initial=typed)


def _checked(slug: str) -> str:
    try:
        check_slug(slug)
    except DomainError as refusal:
        raise ValidationError(str(refusal)) from None
    return slug


class AnotherName(NamingErrors):
    """Another short name, where the first was taken meanwhile."""

    slug = OneLine(max_length=60, label=_("Another short name"))

    def clean_slug(self) -> str:
        return _checked(self.cleaned_data["slug"].lower())


def _password(label: Any, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        **more,
    )


class TwicePassword(NamingErrors):
    """A new password, typed twice. ``is_kept``: one was chosen before and may be left as it is."""

    password = _password(_("Password"), help_text=_("At least 10 characters."))
    password_again = _password(_("The same once more"))

    def __init__(self, data: Any = None, *, is_kept: bool = False, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        if is_kept:
            for name in ("password", "password_again"):
                self.fields[name].required = False
            self.fields["password"].help_text = _("Chosen before. Leave both empty to keep it.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password = cleaned.get("password", "")
        if "password" in cleaned and password != cleaned.get("password_again", ""):
            self.add_error("password_again", _("The two are not the same."))
        elif password:
            try:
                validate_password(password, user=self.user())
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def user(self) -> User | None:
        """Whose password it is: it must not look like the name or e-mail."""
        return None


class FirstUser(TwicePassword):
    """Step 3: who logs in first, as owner."""

    name = OneLine(
        max_length=100,
        label=_("Your name"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("As colleagues see it beside what you did."),
    )
    email = _email(
        label=_("Your e-mail"),
        help_text=_("You log in with it. We send a link there to confirm it."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    field_order = ("name", "email", "password", "password_again")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def user(self) -> User:
        return User(
            email=self.cleaned_data.get("email", ""), name=self.cleaned_data.get("name", "")
        )


class ProtectedPages(TwicePassword):
    """Step 4: the second password, which may be left out."""

    without = forms.BooleanField(required=False, label=_("Go on without a second password"))

    def __init__(self, data: Any = None, *, row: SignUp) -> None:
        self.row = row
        super().__init__(data, is_kept=bool(row.protected_password))
        if not row.protected_password:
            for name in ("password", "password_again"):
                self.fields[name].required = False
            del self.fields["without"]
        self.fields["password"].label = _("Second password")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        password = cleaned.get("password", "")
        if password and drafts.is_owners_password(self.row, password):
            self.add_error(
                "password",
                _("This is your own password. Colleagues will know the second one: take another."),
            )
        return cleaned

    def wanted(self) -> str | None:
        """Return the new one, "" for none, None to keep the one before."""
        if self.cleaned_data.get("without"):
            return ""
        return self.cleaned_data["password"] or (None if self.row.protected_password else "")


class ProveOwner(NamingErrors):
    """Asked when the link is opened in another browser than the one that signed up."""

    password = forms.CharField(
        label=_("The password you chose"),
        strip=False,
        max_length=128,
        help_text=_("You open the link in another browser: so we see that it is you."),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class FindCompany(NamingErrors):
    email = _email(
        label=_("E-mail"),
        help_text=_("The one you log in with."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()
