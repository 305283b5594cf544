/* What JavaScript adds to a page that is complete without it: a switch for the theme, and figures that answer. */
(() => {
  const root = document.documentElement;

  const remembered = (() => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be forbidden for files
    }
  })();
  if (remembered === "light" || remembered === "dark") root.dataset.theme = remembered;

  const button = document.querySelector("#theme");
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const shown = () => root.dataset.theme ?? (systemDark.matches ? "dark" : "light");
  const label = () => {
    const other = shown() === "dark" ? "light" : "dark";
    button.textContent = other === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
  };
  button.hidden = false;
  label();
  systemDark.addEventListener("change", label);
  button.addEventListener("click", () => {
    root.dataset.theme = shown() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // the choice lasts as long as the page
    }
    label();
  });

  // A drawing comes alive when it first comes near the window; the hidden one of each pair never does.
  const enliven = async (drawing) => {
    const spec = JSON.parse(document.getElementById(drawing.dataset.spec).textContent);
    const live = document.createElement("div");
    const drawn = drawing.firstElementChild;
    live.hidden = true;
    drawing.append(live);
    const options = {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true, // expressions are interpreted: the page forbids eval
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
    };
    try {
      await globalThis.vegaEmbed(live, spec, options);
    } catch (error) {
      live.remove(); // the drawing that came with the page stays
      throw error;
    }
    live.hidden = false;
    drawn.remove();
    drawing.dataset.live = "true";
    const controls = live.querySelector(".vega-bindings");
    if (controls === null) return;
    controls.classList.add(drawing.classList.contains("narrow") ? "narrow" : "wide");
    drawing.after(controls); // a drawing is one image to those who do not see it; what can be used must stand outside
    for (const slider of controls.querySelectorAll('input[type="range"]')) addPlayButton(slider);
  };

  // Moves a slider from its place to its end, step by step.
  const addPlayButton = (slider) => {
    const play = document.createElement("button");
    play.type = "button";
    play.className = "play";
    let timer;
    const show = () => {
      play.textContent = timer === undefined ? "Play" : "Pause";
    };
    const pause = () => {
      clearInterval(timer);
      timer = undefined;
      show();
    };
    const moveTo = (value) => {
      slider.value = String(value);
      slider.dispatchEvent(new Event("input"));
    };
    play.addEventListener("click", () => {
      if (timer !== undefined) return pause();
      if (Number(slider.value) >= Number(slider.max)) moveTo(slider.min);
      timer = setInterval(() => {
        moveTo(Number(slider.value) + 1);
        if (Number(slider.value) >= Number(slider.max)) pause();
      }, 250);
      show();
    });
    show();
    slider.before(play);
  };
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        watcher.unobserve(target);
        void enliven(target);
      }
    },
    { rootMargin: "400px" },
  );
  for (const drawing of document.querySelectorAll(".drawing")) watcher.observe(drawing);

  // Paper shows everything, closed tables too.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      details.dataset.forPrint = "true";
    }
  });
  addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-for-print]")) {
      details.open = false;
      delete details.dataset.forPrint;
    }
  });
})();
