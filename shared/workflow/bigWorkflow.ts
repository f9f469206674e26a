/** A file of many steps with needs, conditions and env, for tests and benchmarks; `mistake` ends its last command. */
export function bigWorkflow(steps: number, mistake = ""): string {
  const body = Array.from({ length: steps }, (_, i) => {
    const before = i === 0 ? "" : `step${i - 1}`;
    const condition = i === 0 ? "true" : `steps.${before}.outputs.changed && run.number > ${i}`;
    return (
      `  - step_id: step${i}\n    type: command\n    name: Run ${i}\n    needs: [${before}]\n    if: ${condition}\n` +
      `    command: npm test -- ${i}${i === steps - 1 ? mistake : ""}\n    env: { CI: "1" }\n`
    );
  });
  return `name: Big\ntriggers: [{ type: manual }]\nsteps:\n${body.join("")}`;
}
