import { useState } from "react";
import { split } from "./split.ts";

const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });

export function App() {
  const [bill, setBill] = useState(84);
  const [tip, setTip] = useState(10);
  const [people, setPeople] = useState(3);
  const [first = 0] = split(Math.round(bill * 100), tip, people);
  return (
    <main>
      <h1>Bill splitter</h1>
      <p>Dinner was lovely. Who pays what?</p>
      <label>
        Bill
        <input type="number" min="0" value={bill} onChange={(event) => setBill(Number(event.target.value))} />
      </label>
      <label>
        Tip, {tip} %
        <input type="range" min="0" max="30" value={tip} onChange={(event) => setTip(Number(event.target.value))} />
      </label>
      <label>
        People
        <input type="number" min="1" value={people} onChange={(event) => setPeople(Number(event.target.value))} />
      </label>
      <output>{euros.format(first / 100)} each</output>
    </main>
  );
}
