/* A page is left when its reader asks for it. No policy of content refuses what a <meta> refresh would do: where the browser tells of it,
   it is refused here. A script of ours that leads on by itself, to a page of ours, says so first (data-leads). */
(() => {
  "use strict";
  window.navigation?.addEventListener("navigate", (event) => {
    const { destination } = event;
    if (event.userInitiated || !event.cancelable || destination.sameDocument) return;
    const ours = new URL(destination.url).origin === location.origin;
    if (ours && (navigator.userActivation?.isActive || "leads" in document.documentElement.dataset)) return;
    event.preventDefault();
  });
})();
