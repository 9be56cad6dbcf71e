"""What a company enters for M-Pesa in Tanzania."""

from collections.abc import Callable
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from django import forms
from django.core.exceptions import ValidationError

from common.words import _
from plugins.forms import AddressListField, PluginSettingsForm, SecretField
from plugins.vodacom_tz import passwords, pem

PASSWORD_SCHEMES = (
    (passwords.HEX_UPPER, _("base64 of the hash in capital hex digits (usual)")),
    (passwords.RAW, _("base64 of the hash itself")),
    (passwords.HEX_LOWER, _("base64 of the hash in small hex digits")),
    (passwords.RAW_UPPER, _("base64 of the hash, its small letters made capital")),
)
INITIATOR_SCHEMES = (
    ("msisdn", _("The payer's number, encrypted for the broker")),
    ("fixed", _("A fixed password, encrypted for the broker")),
    ("empty", _("Left empty")),
)
ID_ELEMENTS = (
    ("originatorConversationID", "originatorConversationID"),
    ("originalConversationID", "originalConversationID"),
)


class PemField(forms.CharField):
    """A certificate or public key, pasted with its BEGIN and END lines."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})


class VodacomTanzaniaSettings(PluginSettingsForm):
    sp_id = forms.CharField(label=_("Service provider ID (spId)"), max_length=50)
    sp_password = SecretField(label=_("Service provider password (spPassword)"))
    request_url = forms.URLField(
        label=_("Result address of the broker"),
        help_text=_("Where we report whether a payment was accepted."),
        assume_scheme="https",
    )
    ssl_cert = PemField(
        label=_("Our certificate"), help_text=_("PEM, shown to the broker."), required=False
    )
    ssl_key = SecretField(
        label=_("Key of our certificate"),
        help_text=_("PEM, without a password of its own."),
        required=False,
        many_lines=True,
    )
    certificate_authority = PemField(
        label=_("Certificate authority of the broker"),
        help_text=_("PEM. When given, only a broker certified by it is trusted."),
        required=False,
    )
    broker_cert = PemField(
        label=_("Certificate or public key of the broker"),
        help_text=_("PEM. Encrypts the initiator password in our results."),
        required=False,
    )
    allowed_ips = AddressListField(
        label=_("Addresses of the broker"),
        help_text=_("Payments from other addresses are refused. Empty: any address."),
        required=False,
    )
    password_scheme = forms.ChoiceField(
        label=_("How spPassword is written"),
        help_text=_("Ask Vodacom, or try: a wrong choice refuses every payment."),
        choices=PASSWORD_SCHEMES,
        initial=passwords.HEX_UPPER,
        required=False,
    )
    initiator_scheme = forms.ChoiceField(
        label=_("Initiator password"), choices=INITIATOR_SCHEMES, initial="msisdn", required=False
    )
    initiator_password = SecretField(
        label=_("Fixed initiator password"),
        help_text=_("Only when the choice above says so."),
        required=False,
    )
    id_element = forms.ChoiceField(
        label=_("Name of the originator's conversation in our results"),
        choices=ID_ELEMENTS,
        initial="originatorConversationID",
        required=False,
    )

    def clean_ssl_cert(self) -> str:
        return self._readable(
            "ssl_cert", pem.read_certificates, _("This is not a certificate in PEM form.")
        )

    def clean_ssl_key(self) -> str:
        return self._readable(
            "ssl_key",
            pem.read_private_key,
            _("This is not a private key in PEM form, or it is locked with a password."),
        )

    def clean_certificate_authority(self) -> str:
        return self._readable(
            "certificate_authority",
            pem.read_certificates,
            _("This is not a certificate in PEM form."),
        )

    def clean_broker_cert(self) -> str:
        return self._readable(
            "broker_cert",
            pem.read_rsa_public_key,
            _("This is not an RSA certificate or public key in PEM form."),
        )

    def clean_password_scheme(self) -> str:
        return self.cleaned_data["password_scheme"] or passwords.HEX_UPPER

    def clean_id_element(self) -> str:
        return self.cleaned_data["id_element"] or "originatorConversationID"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            self._require_pair()
            # Without a choice: the payer's number, where the broker's key makes that possible.
            cleaned["initiator_scheme"] = cleaned["initiator_scheme"] or (
                "msisdn" if cleaned["broker_cert"] else "empty"
            )
            self._require_initiator(cleaned["initiator_scheme"])
        return cleaned

    def _readable(self, name: str, read: Callable[[str], object], complaint: Any) -> str:
        text: str = self.cleaned_data[name]
        try:
            if text:
                read(text)
        except (ValueError, UnsupportedAlgorithm):
            raise ValidationError(complaint) from None
        return text

    def _require_pair(self) -> None:
        certificate, key = self.cleaned_data["ssl_cert"], self.cleaned_data["ssl_key"]
        if key and not certificate:
            self.add_error("ssl_cert", _("Enter the certificate that this key belongs to."))
        elif certificate and not self.has_value("ssl_key"):
            self.add_error("ssl_key", _("Enter the key of our certificate."))
        elif key and not _belongs(key, certificate):
            self.add_error("ssl_key", _("This key belongs to another certificate."))

    def _require_initiator(self, scheme: str) -> None:
        if scheme != "empty" and not self.cleaned_data["broker_cert"]:
            self.add_error(
                "broker_cert", _("The initiator password cannot be encrypted without it.")
            )
        if scheme == "fixed" and not self.has_value("initiator_password"):
            self.add_error("initiator_password", _("Enter the password that the broker gave you."))


def _belongs(key: str, certificate: str) -> bool:
    return (
        pem.read_private_key(key).public_key() == pem.read_certificates(certificate)[0].public_key()
    )
