import { For } from "solid-js";
import { createStore } from "solid-js/store";
import { streak } from "./streak.ts";

const weekdays = ["M", "T", "W", "T", "F", "S", "S"];

export function App() {
  const [habits, setHabits] = createStore([
    { name: "Read", days: [true, true, false, true, true, true, false] },
    { name: "Run", days: [false, true, true, true, false, true, true] },
    { name: "Sleep early", days: [true, true, true, true, true, true, true] },
  ]);
  return (
    <main>
      <h1>Habit tracker</h1>
      <p>This week, a day at a time.</p>
      <For each={habits}>
        {(habit, row) => (
          <section>
            <h2>
              {habit.name} <small>{streak(habit.days)} in a row</small>
            </h2>
            <div class="days">
              <For each={habit.days}>
                {(done, day) => (
                  <button
                    type="button"
                    aria-pressed={done}
                    aria-label={`${habit.name}, day ${day() + 1}`}
                    onClick={() => setHabits(row(), "days", day(), !done)}
                  >
                    {weekdays[day()]}
                  </button>
                )}
              </For>
            </div>
          </section>
        )}
      </For>
    </main>
  );
}
