// Draws the trees of app/markup.py. Text goes into text nodes, attributes through a list, addresses through a pattern: nothing
// that came from a dataset is parsed as HTML, and there is no innerHTML in this file.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const SVG_TAGS = new Set(["svg", "g", "line", "rect", "circle", "polyline", "text", "title"]);
  const TAGS = new Set([...SVG_TAGS, ..."a b button canvas caption code datalist dd details div dl dt em figcaption figure form h1 h2 h3 hr img input kbd label li ol option p pre section select small span strong summary table tbody td th thead tr ul".split(" ")]);
  const ATTRIBUTES = new Set("alt autocomplete checked colspan disabled for height href id list loading max min name open placeholder role scope selected src step tabindex title type value width viewBox preserveAspectRatio x y x1 x2 y1 y2 cx cy r points text-anchor".split(" "));
  const OWN_ADDRESS = /^(?:[/?#](?!\/)|$)/; // of this site: no scheme, no other host
  const OWN_PICTURE = /^(?:\/thumb\/[0-9A-Za-z_.-]+\.webp(?:\?[0-9A-Za-z_=&.-]*)?|data:image\/webp;base64,[0-9A-Za-z+/=]+)$/;

  function attribute(element, name, value) {
    if (!ATTRIBUTES.has(name) && !name.startsWith("aria-")) return;
    const text = String(value === true ? "" : value);
    if (name === "href" && !(OWN_ADDRESS.test(text) && !text.includes("\\"))) return;
    if (name === "src" && !OWN_PICTURE.test(text)) return;
    element.setAttribute(name, text);
  }

  function draw(node, send) {
    if (typeof node === "string") return document.createTextNode(node);
    const tag = TAGS.has(node.t) ? node.t : "span";
    const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
    if (node.c) element.setAttribute("class", node.c);
    for (const [name, value] of Object.entries(node.a || {})) attribute(element, name, value);
    for (const [name, value] of Object.entries(node.s || {})) element.style.setProperty("--" + name, String(Number(value)));
    if (tag === "button" && !node.a?.type) element.type = "button";
    if (tag === "a" && node.a?.href) element.classList.add("link");
    if (node.key) element.dataset.key = node.key;
    for (const child of node.k || []) element.appendChild(draw(child, send));
    if (node.act) listen(element, tag, node.act, send);
    return element;
  }

  function listen(element, tag, act, send) {
    if (tag === "form") {
      element.addEventListener("submit", (event) => {
        event.preventDefault();
        send({ ...act, form: Object.fromEntries(new FormData(element, event.submitter)) });
      });
    } else if (tag === "select" || tag === "input") {
      element.addEventListener("change", () => send({ ...act, value: tag === "input" && element.type === "checkbox" ? element.checked : element.value }));
    } else {
      element.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey) return; // a link may be opened beside
        event.preventDefault();
        event.stopPropagation();
        send(act);
      });
      if (tag !== "button" && tag !== "a") {
        element.tabIndex = 0;
        element.setAttribute("role", element.getAttribute("role") || "button");
        element.addEventListener("keydown", (event) => {
          if (event.target === element && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); send(act); }
        });
      }
    }
  }

  function show(root, text, send, first) {
    let view;
    try { view = JSON.parse(text || "null"); } catch { return; }
    if (!view) return;
    const focused = root.contains(document.activeElement) ? document.activeElement.id : "";
    root.replaceChildren(draw(view.node, send));
    if (typeof view.search === "string" && view.search !== location.search) {
      history[first ? "replaceState" : "pushState"](null, "", location.pathname + view.search);
    }
    const wanted = view.focus || focused;
    if (wanted) document.getElementById(wanted)?.focus({ preventScroll: !view.focus });
    root.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: { data: view.data, send } }));
  }

  // A panel: the element of a gr.HTML whose value is a view. It says "open" once, with the address as it stands.
  function panel(element, props, trigger, watch, options) {
    const root = element.firstElementChild;
    let drawn = 0;
    const send = (act) => {
      if (here(act)) return;
      const dimmed = options.dims && act.do !== "open" ? document.querySelector("#" + options.dims + " .cs-panel") : root;
      dimmed?.classList.add("asked");
      trigger("click", act);
    };
    const redraw = () => { root.classList.remove("asked"); show(root, props.value, send, drawn++ === 0); };
    watch("value", redraw);
    if (props.value) redraw();
    if (!options.opens) return;
    const open = () => send({ do: "open", search: location.search });
    window.addEventListener("popstate", open);
    setTimeout(open, 0);
  }

  // Deeds that need no server.
  function here(act) {
    if (act.do === "copy") { copy(String(act.text)); return true; }
    if (act.do === "save") { save(String(act.text), String(act.name)); return true; }
    return false;
  }
  async function copy(text) {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.appendChild(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say("Copied");
  }
  function save(text, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = name.replace(/[^0-9A-Za-z_.-]/g, "_");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  function say(text) {
    document.getElementById("cs-said")?.remove();
    const box = document.createElement("div");
    box.id = "cs-said";
    box.setAttribute("role", "status");
    box.textContent = text;
    document.querySelector(".gradio-container").appendChild(box);
    setTimeout(() => box.remove(), 1600);
  }

  const typing = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target.tagName === "INPUT" && !/^(checkbox|radio|range|button)$/.test(target.type)));
  const seen = (element) => element.offsetParent !== null && !element.disabled;

  function sheet() {
    const old = document.getElementById("key-sheet");
    if (old) { old.remove(); return; }
    const rows = [["?", "show or hide this list"]];
    for (const element of document.querySelectorAll("[data-key]")) {
      if (seen(element)) rows.push([element.dataset.key, element.getAttribute("aria-label") || element.textContent.trim()]);
    }
    const dialog = document.createElement("dialog");
    dialog.id = "key-sheet";
    const heading = document.createElement("h2");
    heading.textContent = "Keys on this page";
    const list = document.createElement("dl");
    for (const [key, label] of rows) {
      const term = document.createElement("dt"), text = document.createElement("dd"), kbd = document.createElement("kbd");
      kbd.textContent = key === " " ? "space" : key.replace("Arrow", "");
      term.appendChild(kbd);
      text.textContent = label.slice(0, 80);
      list.append(term, text);
    }
    const close = document.createElement("button");
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.remove());
    dialog.append(heading, list, close);
    dialog.addEventListener("close", () => dialog.remove());
    document.querySelector(".gradio-container").appendChild(dialog);
    dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "?") { event.preventDefault(); sheet(); return; }
    if (document.getElementById("key-sheet")) return;
    if ((event.key === " " || event.key === "Enter") && event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=button]")) return;
    for (const element of document.querySelectorAll("[data-key]")) {
      if (element.dataset.key === event.key && seen(element)) { event.preventDefault(); element.click(); return; }
    }
  });

  // The page's frame: light or dark, pictures pasted into a drop zone.
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-frame]");
    if (!button) return;
    if (button.dataset.frame === "keys") sheet();
    if (button.dataset.frame === "theme") {
      localStorage.setItem("charassets-theme", document.body.classList.contains("dark") ? "light" : "dark");
      prefer();
    }
  });
  const prefer = () => {
    const asked = new URLSearchParams(location.search).get("__theme") || localStorage.getItem("charassets-theme");
    if (asked && document.body.classList.contains("dark") !== (asked === "dark")) document.body.classList.toggle("dark", asked === "dark");
  };
  const remember = () => {
    prefer();
    new MutationObserver(prefer).observe(document.body, { attributeFilter: ["class"] }); // gradio sets the system's wish later
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", remember);
  else remember(); // this script may come after the page

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])].filter((file) => /^(image|video)\//.test(file.type));
    const input = document.querySelector(".takes-paste input[type=file]");
    if (!files.length || !input) return;
    event.preventDefault();
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    input.files = held.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  window.charassets = { panel, draw, say, show };
})();
