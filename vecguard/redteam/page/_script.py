"""What a script adds for who has one: figures under the pointer, and one setting picked out in all pictures at once."""

SCRIPT = """
(() => {
  const all = [...document.querySelectorAll("[data-setting]")];
  const tip = document.createElement("div");
  tip.className = "tip"; tip.hidden = true; tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  const pick = name => all.forEach(each =>
    each.classList.toggle("off", name !== null && each.dataset.setting !== name));
  const place = event => {
    const edge = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = Math.max(8, Math.min(event.clientX + 14, edge)) + "px";
    const above = event.clientY > innerHeight / 2;
    tip.style.top = (above ? event.clientY - tip.offsetHeight - 12 : event.clientY + 16) + "px";
  };
  for (const each of all) {
    const title = each.querySelector("title");
    const said = title ? title.textContent : "";
    if (title) title.remove();
    each.addEventListener("pointerenter", event => {
      pick(each.dataset.setting);
      tip.textContent = said; tip.hidden = !said;
      if (said) place(event);
    });
    each.addEventListener("pointermove", event => { if (said) place(event); });
    each.addEventListener("pointerleave", () => { pick(null); tip.hidden = true; });
  }
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
"""
