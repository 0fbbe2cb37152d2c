// The review page: the next questions are here before they are asked for, and an answer stays here until it was taken.
(() => {
  "use strict";
  const OUTBOX = "charassets-review-outbox", LOW = 6, WAIT_MS = [300, 1000, 3000, 8000];

  function identity() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const waiting = () => { try { return JSON.parse(localStorage.getItem(OUTBOX) || "[]"); } catch { return []; } };
  const keep = (list) => localStorage.setItem(OUTBOX, JSON.stringify(list));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  window.charassets.review = (element, server) => {
    const root = element.firstElementChild, reviewer = identity(), began = Date.now();
    let items = [], done = [], held = new Set(), fetching = null, sending = null, ended = false, empty = null, failed = "", agreed = 0, saved = 0;

    function node(t, c, x) { const made = document.createElement(t); made.className = c; made.textContent = x; return made; }

    function show() {
      const bar = node("div", "progress", "");
      const minutes = Math.max((Date.now() - began) / 60000, 1 / 60);
      const judged = done.filter((one) => one.deed === "set").length;
      const words = `${done.length} answered, ${saved} saved` + (done.length > 4 ? `, ${(done.length / minutes).toFixed(0)} a minute` : "") + (judged ? `, machine was right ${Math.round(100 * agreed / judged)}%` : "");
      const text = node("span", "", words);
      text.id = "review-progress";
      bar.setAttribute("role", "status");
      bar.append(text);
      if (failed) bar.append(node("span", "badge warn", failed));
      const view = items.length ? items[0].node : ended && empty ? empty : null;
      if (view) root.replaceChildren(bar, window.charassets.draw(view, act)); else root.replaceChildren(bar, node("div", "state", "One moment"));
      root.dataset.question = items[0]?.key || "";
      root.dataset.answered = String(done.length);
      root.dataset.saved = String(saved);
    }

    async function fill() {
      if (fetching || ended || items.length > LOW) return fetching;
      fetching = (async () => {
        const found = await server.fetch({ reviewer, held: [...held] });
        if (!found || !found.ok) { ended = true; empty = found?.node || null; return; }
        const fresh = found.items.filter((one) => !held.has(one.key));
        for (const one of fresh) { held.add(one.key); new Image().src = "/thumb/" + encodeURIComponent(one.record) + ".webp?size=512"; }
        items.push(...fresh);
        empty = found.empty;
        ended = fresh.length === 0;
      })();
      try { await fetching; } catch { failed = "the server does not answer"; } finally { fetching = null; }
      show();
      return null;
    }

    async function deliver() {
      if (sending) return sending;
      sending = (async () => {
        for (let tries = 0, list = waiting(); list.length; list = waiting()) {
          let answer = null;
          try { answer = await server.answer(list[0]); } catch { answer = null; }
          if (answer?.ok || answer?.final) {
            keep(waiting().filter((one) => one.id !== list[0].id));
            failed = answer.ok ? "" : answer.said;
            if (answer.ok) saved += 1;
            tries = 0;
          } else {
            failed = answer?.said || "not saved yet, trying again";
            await pause(WAIT_MS[Math.min(tries++, WAIT_MS.length - 1)]);
          }
          show();
        }
      })();
      try { await sending; } finally { sending = null; }
      return null;
    }

    function post(said) { keep([...waiting(), said]); deliver(); }

    function act(chosen) {
      const deed = chosen.deed;
      if (deed === "undo") {
        const last = done.pop();
        if (!last) return;
        if (last.right) agreed -= 1;
        items.unshift(last.item);
        post({ id: identity(), deed, target: last.id });
      } else if (items.length && (deed === "skip" || chosen.value)) {
        const item = items.shift(), id = identity(), right = deed === "set" && chosen.value === item.proposed;
        if (right) agreed += 1;
        done.push({ id, item, deed, right });
        post({ id, deed, record: item.record, attribute: item.attribute, value: chosen.value });
        fill();
      }
      show();
    }

    show();
    deliver();
    fill();
  };
})();
