// Asks whether the file has changed; then keeps what was entered and shows the form anew. Without this script, press “Update”.
const shown = document.body.dataset.version;
const PLACE = "preview-scroll";
let busy = false;

async function look() {
  if (busy) return;
  try {
    const answer = await fetch("/version", { cache: "no-store" });
    if (!answer.ok || (await answer.text()) === shown) return;
    busy = true;
    const form = document.querySelector("form.form");
    if (form) {
      const entered = new URLSearchParams(new FormData(form));
      entered.set("go", "update");
      await fetch(form.action, { method: "POST", body: entered, redirect: "manual" });
    }
    sessionStorage.setItem(PLACE, String(window.scrollY));
    location.reload();
  } catch {
    // the preview has ended, or the network of this one machine hiccuped: ask again
    busy = false;
  }
}

window.scrollTo(0, Number(sessionStorage.getItem(PLACE) ?? 0));
sessionStorage.removeItem(PLACE);
setInterval(look, 600);
