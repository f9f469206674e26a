/** Everything that can be wrong with a workflow file. Codes are stable: tests, docs and editors refer to them. */
export type ProblemCode =
  | "too_large"
  | "bad_encoding"
  | "syntax"
  | "duplicate_key"
  | "alias_limit"
  | "too_deep"
  | "several_documents"
  | "not_a_mapping"
  | "unknown_key"
  | "missing_key"
  | "wrong_type"
  | "bad_value"
  | "unknown_name"
  | "conflicting_keys"
  | "duplicate_step"
  | "unknown_step"
  | "cycle"
  | "unreachable_step"
  | "bad_cron"
  | "bad_timezone"
  | "bad_expression"
  | "bad_pattern"
  | "expression_in_command"
  | "secret_not_allowed"
  | "unknown_secret"
  | "secret_misplaced"
  | "unknown_check"
  | "no_trigger";

/** One finding. Lines and columns count from 1, columns in UTF-16 units as editors do; the end is exclusive. */
export interface Problem {
  code: ProblemCode;
  severity: "error" | "warning";
  message: string;
  line: number;
  column: number;
  endLine?: number;
  endColumn?: number;
  /** What to write instead. */
  hint?: string;
}
