/** What a new workflow starts as: small, right, and with a step to change. */
export const blankWorkflow = `name: New workflow
triggers:
  - type: manual

steps:
  - step_id: test
    type: command
    name: Run tests
    command: npm test
`;
