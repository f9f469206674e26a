export type Theme = "light" | "dark";

/** The theme shown now: chosen, or else the system's. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Shows a theme and remembers it on this machine. Returns it. */
export function setTheme(theme: Theme): Theme {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem("coder.theme", theme);
  } catch {
    // Storage is blocked: the theme holds until the page is closed.
  }
  return theme;
}
