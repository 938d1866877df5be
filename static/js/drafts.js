/* What is typed is saved by itself, two seconds after the last key: on the server; in this browser while the server cannot be reached, and
   sent when it can. Two windows with the same draft are told of each other. Without this file the button "Save the draft" does the same. */
(() => {
  "use strict";
  const said = document.currentScript.dataset, reader = said.reader;
  const PAUSE = 2000, LONGEST = 4500, BEAT = 3000, DEAD = 8000, FORGOTTEN = 30 * 86400000, TIMEOUT = 15000;
  const AGAIN = [3000, 6000, 12000, 25000, 60000];
  const WORDS = ["body", "replacement", "justification"];
  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
  const page = random(), mine = `draft ${reader} `;
  let count = 0, failures = 0;

  /* In this browser: by account and draft. Storage may be refused; then the server alone keeps it. */
  const storage = (act) => { try { return act(localStorage); } catch { return null; } };
  const tokenOf = (form) => form.elements.draft.value || form.elements.form_key.value;
  const typed = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !["csrf_token", "act"].includes(name));
  const keep = (state) => storage((store) => store.setItem(mine + tokenOf(state.form), JSON.stringify({
    at: Date.now(), url: state.form.dataset.saves, fields: typed(state.form), counter: state.form.elements.expected_counter.value,
  })) ?? true);
  const drop = (token) => storage((store) => store.removeItem(mine + token));

  const states = [];
  const at = (form) => form.closest("article") ?? form;
  const passage = (form) => (form.closest("article")?.querySelector("blockquote") ?? document.querySelector("#passage .passage-lead")).textContent;

  function tell(state, words, isNews = false) {
    at(state.form).querySelector("[data-saved]").textContent = words;
    if (isNews) at(state.form).querySelector("[data-spoken]").textContent = words;
  }

  /* The words that are kept are no longer unsaved to whoever asks before the page is left (unsaved.js). */
  function settle(form) {
    for (const field of form.elements) if (field.matches("textarea, input[type=text]")) field.keptValue = field.value;
    if ("unsaved" in form.dataset) form.dataset.written = "";
    delete form.dataset.unsaved;
  }

  function changed(state) {
    if (state.isOver) return;
    state.since ||= Date.now();
    state.isDirty = true;
    clearTimeout(state.timer);
    clearTimeout(state.keeping);
    state.keeping = setTimeout(() => { if (state.isDirty) keep(state); }, 400);
    state.timer = setTimeout(() => save(state), Math.max(0, Math.min(PAUSE, state.since + LONGEST - Date.now())));
  }

  function asked(fields, token, who = reader) {
    const sent = new URLSearchParams(fields);
    sent.set("csrf_token", token);
    sent.set("reader", who);
    sent.set("saved_by", `${page}:${++count}`);
    return sent;
  }

  async function post(url, body, keepalive = false) {
    const answer = await fetch(url, { method: "POST", body, credentials: "same-origin", keepalive, redirect: "error", signal: AbortSignal.timeout?.(TIMEOUT) });
    const isOurs = answer.headers.get("Content-Type")?.includes("json");
    if (!isOurs && (answer.status === 429 || answer.status >= 500)) throw new Error(answer.status);
    return { status: answer.status, told: isOurs ? await answer.json() : {} };
  }

  async function save(state, keepalive = false) {
    clearTimeout(state.timer);
    if (!state.isDirty || state.isOver) return true;
    if (state.saving) {
      await state.saving;
      return save(state, keepalive);
    }
    const body = asked(typed(state.form), state.form.elements.csrf_token.value, state.form.dataset.reader);
    state.isDirty = false;
    state.since = 0;
    if (keep(state)) settle(state.form);
    state.saving = post(state.form.dataset.saves, body, keepalive).then((answer) => answered(state, answer), () => away(state));
    const isSaved = await state.saving;
    state.saving = null;
    return isSaved;
  }

  function away(state) {
    state.isDirty = true;
    state.since ||= Date.now();
    tell(state, said.away, failures === 0);
    state.timer = setTimeout(() => save(state), AGAIN[Math.min(failures++, AGAIN.length - 1)]);
    return false;
  }

  function answered(state, { status, told }) {
    const { form } = state, isBack = failures > 0;
    failures = 0;
    if (status === 200) {
      known(form, told);
      if (!state.isDirty) drop(told.token);
      settle(form);
      tell(state, told.said, isBack || !state.wasSaved);
      form.dispatchEvent(new CustomEvent("saved", { bubbles: true, detail: told }));
      state.wasSaved = true;
      checked(state, told);
      return true;
    }
    if (told.theirs) choose(state, told);
    else if (told.is_gone) part(state, told.said);
    else if (told.is_ended || status === 404) state.isOver = true;
    if (told.said && !told.theirs) tell(state, told.said, true);
    return false;
  }

  function known(form, told) {
    const { draft, expected_counter, expected_digest } = form.elements;
    draft.value = told.token;
    expected_counter.value = told.counter;
    expected_digest.value = told.digest;
    for (const field of at(form).querySelectorAll('form input[name="expected_digest"]')) field.value = told.digest;
    const tick = document.getElementById(`take-${told.id}`);
    if (tick) tick.value = `${told.id}-${told.counter}`;
  }

  /* On the page of one's position: whether it can be lodged now, and how it reads. */
  function checked(state, told) {
    const list = at(state.form).querySelector("[data-obstacles]"), tick = document.getElementById(`take-${told.id}`);
    if (!list) return;
    list.replaceChildren(...told.obstacles.map((words) => Object.assign(document.createElement("li"), { textContent: words })));
    if (tick && tick.disabled && !told.obstacles.length) tick.checked = true;
    if (tick) {
      tick.disabled = told.obstacles.length > 0;
      tick.checked &&= !tick.disabled;
    }
  }

  /* Another window saved other words: both are shown, and whoever writes chooses. */
  function choose(state, told) {
    const { form } = state;
    document.querySelector(".two-texts")?.remove();
    const shown = document.getElementById("two-texts").content.firstElementChild.cloneNode(true);
    const names = WORDS.filter((name) => form.elements[name] && form.elements[name].value !== (told.theirs[name] ?? ""));
    shown.querySelector("[data-says]").textContent = told.said;
    for (const [where, value] of [["ours", (name) => form.elements[name].value], ["theirs", (name) => told.theirs[name] ?? ""]]) {
      shown.querySelector(`[data-${where}]`).append(...names.map((name) => Object.assign(document.createElement("p"), { dir: "auto", textContent: value(name) })));
    }
    state.isOver = true;
    tell(state, told.said);
    for (const button of shown.querySelectorAll("[data-take]")) {
      button.addEventListener("click", () => {
        shown.remove();
        state.isOver = false;
        drop(tokenOf(form));
        if (button.dataset.take === "both") part(state, "");
        else known(form, told);
        if (button.dataset.take === "theirs") put(form, Object.entries(told.theirs));
        changed(state);
        form.elements.body.focus();
      });
    }
    form.before(shown);
    shown.focus();
  }

  /* What stands here is a draft of its own from now on. */
  function part(state, words) {
    const { form } = state;
    drop(tokenOf(form));
    form.elements.draft.value = form.elements.expected_digest.value = form.elements.expected_counter.value = "";
    form.elements.form_key.value = random();
    if (words) tell(state, words, true);
  }

  function put(form, values) {
    for (const [name, value] of values) {
      const field = form.elements[name];
      if (!field || ["csrf_token", "draft", "form_key", "expected_digest", "expected_counter", "block_id"].includes(name)) continue;
      field.value = value;
      form.dispatchEvent(new CustomEvent("put"));
    }
  }

  /* What another visit left in this browser, by a page that is no longer there. */
  const looked = new Set();
  function findAgain() {
    const now = Date.now();
    let isEarly = false;
    for (const key of storage((store) => Object.keys(store).filter((one) => one.startsWith(mine))) ?? []) {
      const token = key.slice(mine.length), entry = storage((store) => JSON.parse(store.getItem(key)));
      if (looked.has(token)) continue;
      isEarly ||= entry && now - entry.at < DEAD;
      if (!entry || now - entry.at > FORGOTTEN) drop(token);
      else if (now - entry.at >= DEAD) {
        looked.add(token);
        restore(token, entry);
      }
    }
    if (isEarly) setTimeout(findAgain, DEAD);
  }

  function restore(token, entry) {
    const state = states.find(({ form, isParted }) => !isParted && tokenOf(form) === token);
    if (!state) return send(token, entry);
    if (state.isDirty || state.saving) return undefined;
    const theirs = Object.fromEntries(WORDS.map((name) => [name, state.form.elements[name].value]));
    const ours = Object.fromEntries(entry.fields);
    if (WORDS.every((name) => (ours[name] ?? "") === theirs[name])) return drop(token);
    const { draft, expected_counter: counter, expected_digest: digest } = state.form.elements;
    const told = { theirs, token: draft.value, counter: counter.value, digest: digest.value, said: said.found };
    put(state.form, entry.fields);
    if (entry.counter !== counter.value) return choose(state, told);
    tell(state, said.found, true);
    return changed(state);
  }

  async function send(token, entry, isApart = false) {
    const fields = new URLSearchParams(entry.fields);
    fields.set("expected_counter", entry.counter);
    if (isApart) for (const [name, value] of [["draft", ""], ["form_key", random()], ["expected_counter", ""]]) fields.set(name, value);
    const answer = await post(entry.url, asked(fields, said.csrf)).catch(() => null);
    if (answer?.status === 409 && !isApart) return send(token, entry, true);
    if (answer?.status !== 200) return undefined;
    drop(token);
    if (!answer.told.is_new) return undefined;
    const notice = Object.assign(document.createElement("p"), { className: "notice notice-info", textContent: `${said.sent} ` });
    notice.append(Object.assign(document.createElement("a"), { href: answer.told.url, textContent: said.open }));
    return document.querySelector(".flashes").append(notice);
  }

  /* How long it may be, and how the proposed change reads. */
  function counting(field) {
    const most = Number(field.dataset.most), words = Object.assign(document.createElement("p"), { className: "count", id: `${field.id}-count` });
    const format = new Intl.NumberFormat(document.documentElement.lang === "ar" ? "ar-MA" : document.documentElement.lang);
    const show = () => {
      const length = [...field.value].length;
      words.textContent = said.count.replace("{typed}", format.format(length)).replace("{limit}", format.format(most));
      words.classList.toggle("is-over", length > most);
    };
    field.after(words);
    field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") ?? ""} ${words.id}`.trim());
    show();
    return show;
  }

  const tokens = (text) => text.match(/[\p{L}\p{N}\p{M}]+|\s+|[^\p{L}\p{N}\p{M}\s]/gu) ?? [];

  /* Longest common subsequence of words, between the common beginning and end; of long texts these alone. */
  function compared(old, now) {
    const a = tokens(old), b = tokens(now);
    let start = 0, end = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start++;
    while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
    const x = a.slice(start, a.length - end), y = b.slice(start, b.length - end), middle = [];
    if (x.length * y.length > 400000) middle.push(["del", x.join("")], ["ins", y.join("")]);
    else {
      const length = [new Array(y.length + 1).fill(0)];
      for (const word of x.slice().reverse()) {
        const below = length.at(-1), row = [0];
        for (let j = y.length - 1; j >= 0; j--) row.push(word === y[j] ? below[j + 1] + 1 : Math.max(below[j], row.at(-1)));
        length.push(row.reverse());
      }
      length.reverse();
      for (let i = 0, j = 0; i < x.length || j < y.length;) {
        if (i < x.length && j < y.length && x[i] === y[j]) { middle.push(["", x[i++]]); j++; }
        else if (i < x.length && (j === y.length || length[i + 1][j] >= length[i][j + 1])) middle.push(["del", x[i++]]);
        else middle.push(["ins", y[j++]]);
      }
    }
    const joined = [];
    for (const [mark, words] of [["", a.slice(0, start).join("")], ...middle, ["", a.slice(a.length - end).join("")]]) {
      if (joined.at(-1)?.[0] === mark) joined.at(-1)[1] += words;
      else if (words) joined.push([mark, words]);
    }
    return joined;
  }

  function drawn(form) {
    const shown = at(form).querySelector("[data-redline]"), field = form.elements.replacement, lead = passage(form);
    if (!shown || !field) return () => {};
    return () => {
      const isChange = field.value.trim() && field.value.trim() !== lead.trim();
      shown.hidden = !isChange;
      shown.replaceChildren(...(isChange ? compared(lead, field.value) : []).map(([mark, words]) => {
        const run = document.createElement(mark || "span"), spoken = Object.assign(document.createElement("span"), { className: "visually-hidden" });
        if (mark) run.append(Object.assign(spoken, { textContent: `[${mark === "ins" ? said.inserted : said.deleted}] ` }));
        run.append(words);
        return run;
      }));
      for (const part of at(form).querySelectorAll("[data-reads]")) part.textContent = form.elements[part.dataset.reads].value;
    };
  }

  function start(form) {
    const state = { form, isDirty: false, since: 0, timer: 0, saving: null, isOver: false, isParted: false };
    states.push(state);
    const shows = [drawn(form), ...[...form.querySelectorAll("textarea[data-most]")].map(counting)];
    let frame = 0;
    const show = () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(() => shows.forEach((one) => one())); };
    form.addEventListener("input", () => { changed(state); show(); });
    form.addEventListener("put", show);
    form.addEventListener("change", () => { changed(state); save(state); });
    form.addEventListener("submit", () => { clearTimeout(state.timer); });
    form.addEventListener("sending", ({ detail }) => { if (state.saving) detail.waits.push(state.saving); });
    form.addEventListener("parted", ({ detail }) => {
      state.isParted = true;
      if (state.isDirty) detail.waits.push(save(state));
      else if (state.saving) detail.waits.push(state.saving);
    });
    form.addEventListener("sent", ({ detail }) => {
      for (const timer of [state.timer, state.keeping]) clearTimeout(timer);
      Object.assign(state, { isOver: true, isParted: true, isDirty: false });
      if (detail.isLodged) drop(tokenOf(form));
    });
    show();
  }

  /* Those of this page, and one that is shown in it later (beside.js), which says when it is put away or sent. */
  for (const form of document.querySelectorAll("form[data-saves]")) start(form);
  document.addEventListener("shown", ({ target }) => {
    start(target);
    findAgain();
  });

  /* What is lodged together is what stands here: all of it is saved first. */
  document.getElementById("lodging")?.addEventListener("submit", async (event) => {
    if (!states.some(({ isDirty, saving }) => isDirty || saving)) return;
    event.preventDefault();
    const done = await Promise.all(states.map((state) => save(state)));
    if (!done.every(Boolean)) return;
    document.documentElement.dataset.leads = "";
    event.target.requestSubmit(event.submitter ?? undefined);
  });

  const leave = () => { for (const state of states) if (state.isDirty) { keep(state); save(state, true); } };
  addEventListener("pagehide", leave);
  addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
  addEventListener("online", () => { for (const state of states) save(state); });
  setInterval(() => { for (const state of states) if (state.isDirty) keep(state); }, BEAT);
  findAgain();
})();
