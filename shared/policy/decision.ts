/** What policy says to an action. `rule` names the clause of the file, such as `repo.blocked_paths[0]`. */
export type Decision =
  | { kind: "allow"; rule: string }
  | { kind: "deny"; rule: string; message: string }
  | {
      kind: "ask";
      rule: string;
      /** `role:<name>` or `user:<e-mail>`; empty means every member who may start the workflow. */
      approvers: string[];
      /** Whether the person who started the run may approve. */
      selfApproval: boolean;
      expiresSec: number;
    };

export type Deny = Extract<Decision, { kind: "deny" }>;
