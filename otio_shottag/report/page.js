"use strict";
/* What the page does when it is used: filter and sort the sheet, walk along the strip, fade in heat maps, collect
   corrections. Without it the page still shows everything. Text from the cut is only ever set as text. */
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector, from = document) => from.querySelector(selector);
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const kept = {
    // A browser may forbid a page from a file to keep anything.
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* not kept */ } },
  };
  all(".tools").forEach((element) => { element.hidden = false; });

  /* light and dark */
  const theme = one("#theme");
  const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark";
  const showTheme = (choice) => {
    if (choice) document.documentElement.dataset.theme = choice;
    theme.textContent = isDark() ? "Light" : "Dark";
  };
  theme.addEventListener("click", () => {
    const choice = isDark() ? "light" : "dark";
    showTheme(choice);
    kept.set("otio-shottag theme", choice);
  });
  showTheme(kept.get("otio-shottag theme"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showTheme());

  /* the contact sheet: filter and sort */
  const cards = all(".card");
  const bars = all(".bar");
  const targetOf = (bar) => bar.getAttribute("href").slice(1);  // a link in SVG has no hash of its own
  const barOf = new Map(bars.map((bar) => [targetOf(bar), []]));
  bars.forEach((bar) => barOf.get(targetOf(bar)).push(bar));
  const form = one(".filter");
  const chips = all(".chip");
  const words = one("#words");
  const track = one("#track");
  const sure = one("#sure");
  const sort = one("#sort");
  const sizeOf = (card) => card.dataset.correction || card.dataset.size;
  const nameOf = new Map(cards.map((card) => [card, one(".name", card).textContent.toLowerCase()]));

  const filter = () => {
    const sizes = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.size));
    const wanted = words.value.trim().toLowerCase();
    const most = Number(sure.value) / 100;
    one("#sure-text").textContent = `${sure.value} %`;
    let shown = 0;
    for (const card of cards) {
      const fits = (!sizes.size || sizes.has(sizeOf(card))) && (!track || !track.value || card.dataset.track === track.value)
        && Number(card.dataset.sure) <= most && nameOf.get(card).includes(wanted);
      card.hidden = !fits;
      shown += fits;
      (barOf.get(card.id) || []).forEach((bar) => bar.classList.toggle("match", fits));
    }
    all(".strip").forEach((strip) => strip.classList.toggle("filtered", shown < cards.length));
    one("#shown").textContent = shown < cards.length ? `${shown} of ${cards.length} shots` : `${cards.length} shots`;
  };
  const orders = {
    order: () => 0,
    unsure: (a, b) => a.dataset.sure - b.dataset.sure,
    long: (a, b) => b.dataset.seconds - a.dataset.seconds,
    short: (a, b) => a.dataset.seconds - b.dataset.seconds,
  };
  const sorted = () => all(".sheet").forEach((sheet) => {
    sheet.append(...cards.filter((card) => card.parentNode === sheet).sort(orders[sort.value]));
  });
  chips.forEach((chip) => chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    filter();
  }));
  ["input", "change"].forEach((event) => form.addEventListener(event, filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  sort.addEventListener("change", sorted);
  form.addEventListener("reset", () => {
    chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    setTimeout(() => { filter(); sorted(); });
  });
  filter();

  /* heat maps */
  const heat = one("#heat");
  const toggleHeat = () => {
    const on = document.body.classList.toggle("heated");
    heat.setAttribute("aria-pressed", String(on));
  };
  if (heat) heat.addEventListener("click", toggleHeat);

  /* the strip */
  const hint = one("#hint");
  const showHint = (bar) => {
    const card = document.getElementById(targetOf(bar));
    const still = one(".still", card);
    hint.replaceChildren();
    if (still) {
      const picture = make("img");
      picture.src = still.src;
      hint.append(picture);
    }
    hint.append(make("p", "", `${bar.getAttribute("aria-label")}`));
    hint.hidden = false;
    const box = bar.getBoundingClientRect();
    const width = hint.offsetWidth;
    const left = Math.min(Math.max(8, box.left + box.width / 2 - width / 2), document.documentElement.clientWidth - width - 8);
    hint.style.left = `${left + scrollX}px`;
    const below = box.top < hint.offsetHeight + 16;
    hint.style.top = `${scrollY + (below ? box.bottom + 10 : box.top - hint.offsetHeight - 10)}px`;
  };
  const hideHint = () => { hint.hidden = true; };
  const goTo = (card) => {
    if (card.hidden) { form.reset(); }
    setTimeout(() => {
      all(".here").forEach((other) => other.classList.remove("here"));
      card.classList.add("here");
      card.scrollIntoView({ block: "center" });
      card.focus({ preventScroll: true });
      hideHint();
    });
  };
  all(".strip").forEach((strip) => {
    const own = all(".bar", strip);
    own.forEach((bar, index) => bar.setAttribute("tabindex", index ? "-1" : "0"));
    const barAt = (event) => event.target.closest(".bar");
    strip.addEventListener("pointerover", (event) => { const bar = barAt(event); bar ? showHint(bar) : hideHint(); });
    strip.addEventListener("pointerleave", hideHint);
    strip.addEventListener("focusin", (event) => {
      const bar = barAt(event);
      if (!bar) return;
      own.forEach((other) => other.setAttribute("tabindex", "-1"));
      bar.setAttribute("tabindex", "0");
      if (bar.matches(":focus-visible")) showHint(bar);
    });
    strip.addEventListener("focusout", hideHint);
    strip.addEventListener("click", (event) => {
      const bar = barAt(event);
      if (!bar) return;
      event.preventDefault();
      goTo(document.getElementById(targetOf(bar)));
    });
    strip.addEventListener("keydown", (event) => {
      const at = own.indexOf(document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: own.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      own[Math.min(Math.max(to, 0), own.length - 1)].focus();
    });
  });

  /* corrections */
  const sizes = JSON.parse(one("#words-of-sizes").textContent);
  const sheets = all(".corrections").map((block) => {
    const sheet = document.getElementById(block.dataset.for);
    return { element: sheet, facts: JSON.parse(block.textContent), cards: all(".card", sheet), key: `otio-shottag ${sheet.dataset.key} ${sheet.id}`, saved: false };
  });
  const sheetOf = (card) => sheets.find((sheet) => sheet.element === card.parentNode);
  const correctedIn = (sheet) => sheet.cards.filter((card) => card.dataset.correction);

  const save = (sheet) => {
    const corrections = sheet.cards.map((card, index) => [card, sheet.facts.corrections[index]])
      .filter(([card]) => card.dataset.correction).map(([card, facts]) => ({ ...facts, to: card.dataset.correction }));
    const text = `${JSON.stringify({ ...sheet.facts, corrections }, null, 2)}\n`;
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `${sheet.facts.cut.replace(/[^\p{L}\p{N} ._-]+/gu, "_")}.corrections.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    sheet.saved = true;
    showSaving();
  };
  const showSaving = () => {
    const bar = one("#saving");
    bar.replaceChildren();
    for (const sheet of sheets) {
      const count = correctedIn(sheet).length;
      if (!count) continue;
      const line = make("p");
      const button = make("button", "plain save", "Save corrections");
      button.addEventListener("click", () => save(sheet));
      const discard = make("button", "plain discard", "Discard");
      discard.addEventListener("click", () => correctedIn(sheet).forEach((card) => correct(card, "")));
      const of = sheets.length > 1 ? ` in ${sheet.facts.cut}` : "";
      const words = make("span", "count", `${count} ${count === 1 ? "correction" : "corrections"}${of}${sheet.saved ? ", saved" : ""}`);
      words.setAttribute("role", "status");
      line.append(words, button, discard);
      bar.append(line);
    }
    bar.hidden = !bar.childElementCount;
  };
  const keep = (sheet) => {
    const corrections = Object.fromEntries(correctedIn(sheet).map((card) => [card.id, card.dataset.correction]));
    kept.set(sheet.key, Object.keys(corrections).length ? JSON.stringify(corrections) : null);
  };
  const show = (card, code) => {
    const judged = one(".judged", card);
    all(".new-size", judged).forEach((old) => old.remove());
    card.classList.toggle("corrected", Boolean(code));
    if (code) {
      card.dataset.correction = code;
      judged.append(make("span", "new-size", code));
    } else {
      delete card.dataset.correction;
    }
  };
  const correct = (card, code) => {
    const sheet = sheetOf(card);
    show(card, code);
    sheet.saved = false;
    keep(sheet);
    showSaving();
    closeChoices();
  };
  const closeChoices = () => {
    all(".choices").forEach((choices) => choices.remove());
    all('.fix[aria-expanded="true"]').forEach((button) => button.setAttribute("aria-expanded", "false"));
  };
  const openChoices = (card, button) => {
    const choices = make("div", "choices");
    choices.setAttribute("role", "group");
    choices.setAttribute("aria-label", "The size it is");
    const pick = (code, text, title) => {
      const choice = make("button", code ? "" : "undo", text);
      choice.type = "button";
      choice.title = title;
      choice.dataset.code = code;
      choice.setAttribute("aria-pressed", String(code === (card.dataset.correction || "")));
      choice.addEventListener("click", () => { correct(card, code); button.focus(); });
      choices.append(choice);
    };
    sizes.forEach((size) => pick(size.code, size.code, size.name));
    if (card.dataset.correction) pick("", "as judged", "take the correction back");
    card.append(choices);
    button.setAttribute("aria-expanded", "true");
    one("button", choices).focus();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".fix");
    const wasOpen = button && button.getAttribute("aria-expanded") === "true";
    if (!event.target.closest(".choices")) closeChoices();
    if (button && !wasOpen) openChoices(button.closest(".card"), button);
  });
  for (const sheet of sheets) {
    let stored = {};
    try { stored = JSON.parse(kept.get(sheet.key)) || {}; } catch { /* not ours */ }
    sheet.cards.filter((card) => sizes.some((size) => size.code === stored[card.id])).forEach((card) => show(card, stored[card.id]));
  }
  showSaving();

  /* keys */
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") {
      const open = one('.fix[aria-expanded="true"]');
      if (open) { closeChoices(); open.focus(); } else { form.reset(); event.target.blur(); hideHint(); }
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const card = event.target.closest(".card");
    if (event.key === "/") { event.preventDefault(); words.focus(); }
    else if (event.key === "h" && heat) toggleHeat();
    else if (card && /^[1-8]$/.test(event.key)) correct(card, sizes[event.key - 1].code);
    else if (card && event.key === "0") correct(card, "");
  });
})();
