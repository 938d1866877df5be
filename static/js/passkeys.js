// Passkeys: what the page asks goes to the browser (Web Authentication), and what that answers goes back with the form.
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const button = form.querySelector("button");
  const trouble = form.querySelector("[role=alert]");

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (keys) => (keys || []).map((key) => ({ ...key, id: bytes(key.id) }));

  const make = async (options) => {
    const made = await navigator.credentials.create({ publicKey: {
      ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    } });
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: {
      attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    } };
  };

  const use = async (options) => {
    const used = await navigator.credentials.get({ publicKey: {
      ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials),
    } });
    const { authenticatorData, clientDataJSON, signature, userHandle } = used.response;
    return { id: used.id, rawId: text(used.rawId), type: used.type, response: {
      authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    } };
  };

  const ask = async () => {
    button.disabled = true;
    trouble.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      form.elements.credential.value = JSON.stringify(await (form.dataset.passkey === "create" ? make : use)(options));
      document.documentElement.dataset.leads = ""; // this leads on by itself (leaving.js): the touch may have come long after the click
      form.submit();
    } catch (error) {
      button.disabled = false;
      trouble.hidden = false;
      button.focus();
    }
  };

  button.addEventListener("click", ask);
  ask();
})();
