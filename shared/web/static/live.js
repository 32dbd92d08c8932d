// A form that is saved as one goes (form.form with data-saved). It sends what the button "Save and update the page" sends, and takes over from the page
// that comes back what nobody is writing at that moment: items asked for now, computed values, mended errors. Without this script the button does it.
"use strict";

const PAUSE = 600; // ms without a change
const AGAIN = 5000; // ms until a lost connection is tried again
const PATIENCE = 15000; // ms for an answer

const form = document.querySelector("form.form[data-saved]");
const status = form?.querySelector(".live");
let timer, sending, unsaved = false, given_up = false;

const entries = (item) =>
  JSON.stringify([...item.querySelectorAll("input, select, textarea")].map((one) => [one.name, one.value, one.checked]));
// A chosen file goes with the next button; until then its item stays as it is.
const chosen = (root) => [...root.querySelectorAll("input[type=file]")].some((one) => one.files.length > 0);
const itemsIn = (root) =>
  [...root.querySelectorAll("[data-item]")].filter((one) => (one.parentElement.closest("[data-item]") ?? root) === root);

function say(text, bad = false) {
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("live-bad", bad);
}

function takeOver(here, there, sent) {
  const known = new Map(itemsIn(here).map((one) => [one.dataset.item, one]));
  let last = null;
  for (const item of itemsIn(there)) {
    const old = known.get(item.dataset.item);
    known.delete(item.dataset.item);
    if (!old) {
      if (last) last.after(item);
      else here.prepend(item);
    } else if (itemsIn(old).length && itemsIn(item).length) takeOver(old, item, sent);
    else if (!old.contains(document.activeElement) && !chosen(old) && entries(old) === sent.get(old)) old.replaceWith(item);
    last = form.contains(item) ? item : old;
  }
  for (const gone of known.values()) if (!gone.contains(document.activeElement)) gone.remove();
}

async function save() {
  const body = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
  body.set("go", "update");
  const sent = new Map([...form.querySelectorAll("[data-item]")].map((one) => [one, entries(one)]));
  unsaved = false;
  let answer, page;
  try {
    answer = await fetch(form.action, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE) });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    unsaved = true;
    say(form.dataset.offline, true);
    later(AGAIN);
    return;
  }
  const saved = page.querySelector("form.form");
  if (!answer.ok || saved?.getAttribute("action") !== form.getAttribute("action")) {
    unsaved = given_up = true;
    if (update) update.hidden = false;
    say(form.dataset.refused, true);
    return;
  }
  form.elements.version.value = saved.elements.version.value;
  takeOver(form.querySelector(".items"), saved.querySelector(".items"), sent);
  if (chosen(form)) unsaved = true;
  else if (!unsaved) say(form.dataset.saved);
}

function later(pause = PAUSE) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (sending) await sending;
    if (!unsaved || given_up) return;
    sending = save();
    await sending;
    sending = null;
  }, pause);
}

// Nobody needs the button while this script does what it does. Files go only with a button, so there it stays.
const update = form?.querySelector("input[type=file]") ? null : form?.querySelector("button[data-live]");

if (form) {
  if (update) update.hidden = true;
  form.addEventListener("input", (event) => {
    unsaved = true;
    if (!given_up && event.target.type !== "file") later();
  });
  form.addEventListener("submit", async (event) => {
    clearTimeout(timer);
    if (sending) { // its answer has the version that this one must name
      event.preventDefault();
      await sending;
      sending = null;
      form.requestSubmit(event.submitter);
    } else unsaved = false;
  });
  window.addEventListener("online", () => later(0));
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
}
