// The frame's count of unread messages. Every page asks the post for it, so that no service needs to know another; without this script the
// link to the inbox has no number.
"use strict";

const link = document.querySelector("a[data-unread]");

async function count() {
  const answer = await fetch("/v1/inbox/unread", { headers: { accept: "application/json" }, signal: AbortSignal.timeout(5000) });
  const { unread } = answer.ok ? await answer.json() : { unread: 0 };
  if (!unread) return;
  const hidden = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: ` ${link.dataset.unread}` });
  const shown = Object.assign(document.createElement("span"), { className: "count", textContent: unread < 100 ? unread : "99+" });
  shown.append(hidden);
  link.append(" ", shown);
}

if (link) count().catch(() => {});
