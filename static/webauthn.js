// Security keys: asks the browser for one and puts its answer into the form that stands on the page.
(function () {
  const button = document.querySelector("[data-webauthn]");
  if (!button || !window.PublicKeyCredential) return;
  const form = button.closest("form");
  const trouble = document.getElementById(button.dataset.trouble);
  const options = JSON.parse(document.getElementById("js_data").textContent);

  const bytes = (text) => {
    const plain = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  async function create(asked) {
    const key = { ...asked, challenge: bytes(asked.challenge) };
    key.user = { ...asked.user, id: bytes(asked.user.id) };
    key.excludeCredentials = known(asked.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: key });
    const said = made.response;
    return answer(made, {
      attestationObject: text(said.attestationObject),
      transports: said.getTransports ? said.getTransports() : [],
    });
  }

  async function get(asked) {
    const key = { ...asked, challenge: bytes(asked.challenge) };
    key.allowCredentials = known(asked.allowCredentials);
    const found = await navigator.credentials.get({ publicKey: key });
    const said = found.response;
    return answer(found, {
      authenticatorData: text(said.authenticatorData),
      signature: text(said.signature),
      userHandle: said.userHandle ? text(said.userHandle) : null,
    });
  }

  function answer(credential, response) {
    response.clientDataJSON = text(credential.response.clientDataJSON);
    return {
      type: credential.type,
      id: credential.id,
      rawId: text(credential.rawId),
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    };
  }

  button.hidden = false;
  button.addEventListener("click", async () => {
    trouble.hidden = true;
    try {
      const credential = options.creation_options
        ? await create(options.creation_options.publicKey)
        : await get(options.request_options.publicKey);
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch {
      trouble.hidden = false;
    }
  });
})();
