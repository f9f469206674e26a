import { clock, secondsLeft } from "./countdown.ts";
import "./style.css";

const total = 25 * 60;
let startedAt: number | null = null;

const app = document.querySelector<HTMLElement>("#app");
if (app === null) throw new Error("index.html has no #app");
app.innerHTML = `
  <main>
    <h1>Focus timer</h1>
    <p>One thing at a time.</p>
    <div class="time" role="timer">${clock(total)}</div>
    <button type="button">Start</button>
  </main>`;
const time = app.querySelector(".time");
const button = app.querySelector("button");

function render(): void {
  const left = startedAt === null ? total : secondsLeft(total, Date.now() - startedAt);
  if (time) time.textContent = clock(left);
  if (button) button.textContent = startedAt === null ? "Start" : "Reset";
}

button?.addEventListener("click", () => {
  startedAt = startedAt === null ? Date.now() : null;
  render();
});
setInterval(render, 250);
