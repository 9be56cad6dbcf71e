"""Honours our order number and remembers what it sold."""

from collections.abc import Sequence
from decimal import Decimal

from plugins.contracts import Capability, FoundToken, TokenRequest
from plugins.errors import Unavailable
from plugins.registry import register
from plugins.wire import json_object
from simulation.makers.keyed import KeyedManufacturer


@register
class SimRemembering(KeyedManufacturer):
    slug = "sim_remembering"
    label = "Simulated, honours our number and remembers"
    capabilities = frozenset({Capability.FIND_TOKENS})

    def find_tokens(self, request: TokenRequest) -> Sequence[FoundToken]:
        url = f"{self.settings['api_url']}/tokens/{request.reference}"
        response = self.http.get(url)
        if response.status_code != 200:
            raise Unavailable("The maker could not be asked.", code=str(response.status_code))
        answer = json_object(response, vendor="The maker", error=Unavailable)
        return [
            FoundToken(each["token"], Decimal(str(each["quantity"])), None)
            for each in answer["tokens"]
        ]
